// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's reference counter, the TSC page in memory and the guest's
 * kvmclock say at one TSC, in each state that KVM's hv_tsc_page_status can have:
 * the question of the hibernation thread.  One run a line, TSV, units of 100 ns.
 */
#include <stdio.h>
#include "../src/sim/machine.h"

#define DAY (86400ull * CF_NS_PER_SEC)

static struct sim sim;

static void go(enum event_kind kind, u64 value)
{
	struct event e = { .kind = kind, .value = value };
	struct sim_read read;

	sim_event(&sim, &e, &read);
}

static void row(const char *host, const char *what, const char *state)
{
	const struct subject *s = sim.subject;
	struct subject_vcpu_view v;
	struct subject_vm_view vm;
	u64 tsc, counter, page, kvmclock;

	s->view_vm(&vm);
	s->view_vcpu(0, &v);
	sim.hw.cpu = 0;
	sim.hw.raw_tsc = sim_raw_tsc(&sim, 0);
	tsc = sim_guest_tsc(sim.machine, &v, sim.hw.raw_tsc);
	counter = s->reference_counter();
	page = (u64)((u128)tsc * vm.page_scale >> 64) + vm.page_offset_100ns;
	kvmclock = s->pvclock_read(v.pvclock.system_time, v.pvclock.tsc_timestamp,
				   v.pvclock.tsc_to_system_mul, v.pvclock.tsc_shift,
				   tsc) / 100;
	printf("%s\t%s\t%s\t%s\t%lld\t%lld\n", host, what, state,
	       vm.page_sequence && vm.page_enabled ? "page" : "MSR",
	       vm.page_sequence && vm.page_enabled ? (s64)(counter - page) : 0,
	       (s64)(counter - kvmclock));
}

/* As QEMU does it: a frequency, then the TSC. */
static void start(const struct machine *m, u32 guest_khz)
{
	sim_boot(&sim, m, subject, 1);
	if (guest_khz)
		go(EVENT_SET_TSC_KHZ, guest_khz);
	go(EVENT_WRITE_TSC_HOST, 1000000000);
}

static void states(const char *host, const struct machine *m, u32 guest_khz)
{
	start(m, guest_khz);
	go(EVENT_RUN_VCPU, 0);
	go(EVENT_ADVANCE_NS, DAY);
	go(EVENT_TICK, 0);
	row(host, "a day, never a page", "unset");

	start(m, guest_khz);
	go(EVENT_WRITE_TSC_PAGE, SUBJECT_PAGE_BY_GUEST);
	go(EVENT_RUN_VCPU, 0);
	go(EVENT_ADVANCE_NS, DAY);
	go(EVENT_TICK, 0);
	row(host, "a day with the page", "set");
	go(EVENT_WRITE_TSC_PAGE, SUBJECT_PAGE_BY_GUEST);
	row(host, "then the guest writes the MSR", "guest-changed");
	go(EVENT_RUN_VCPU, 0);
	row(host, "and enters", "set");
	go(EVENT_ADVANCE_NS, DAY);
	go(EVENT_TICK, 0);
	go(EVENT_WRITE_TSC_PAGE, SUBJECT_PAGE_BY_HOST);
	row(host, "a day later the host writes the MSR", "host-changed");
	go(EVENT_RUN_VCPU, 0);
	go(EVENT_ADVANCE_NS, DAY);
	go(EVENT_TICK, 0);
	go(EVENT_WRITE_TSC_PAGE, SUBJECT_PAGE_NOWHERE);
	go(EVENT_RUN_VCPU, 0);
	row(host, "a day later the page has no memory", "broken");
	go(EVENT_ADVANCE_NS, DAY);
	go(EVENT_TICK, 0);
	go(EVENT_WRITE_TSC_PAGE, SUBJECT_PAGE_OFF);
	row(host, "a day later it is off", "unset");
	go(EVENT_REENLIGHTENMENT, 1);
	go(EVENT_WRITE_TSC_PAGE, SUBJECT_PAGE_BY_GUEST);
	go(EVENT_RUN_VCPU, 0);
	go(EVENT_ADVANCE_NS, DAY);
	go(EVENT_TICK, 0);
	go(EVENT_MASTERCLOCK, 0);
	go(EVENT_RUN_VCPU, 0);
	row(host, "a day later, re-enlightenment, an update", "set");
}

int main(void)
{
	struct machine plain = { .tsc_khz = 2310000, .nr_cpus = 1, .nr_vcpus = 1,
				 .boot_tsc = 1000000000000 };
	struct machine scaled = { .tsc_khz = 3000000, .nr_cpus = 1, .nr_vcpus = 1,
				  .boot_tsc = 1000000000000, .tsc_frac_bits = 48 };

	printf("host\twhat\tstate\tguest_reads\tcounter_minus_page\tcounter_minus_kvmclock\n");
	states("unscaled", &plain, 0);
	states("3.0->2.5", &scaled, 2500000);
	return 0;
}
