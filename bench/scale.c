// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event costs as vCPUs and events grow: built with room for 1,024 and 4,096
 * by bench/speed.sh.  TSV: vcpus, events, ns to boot and forget, ns an event.
 */
#include <stdio.h>
#include <time.h>
#include "../src/oracle/law.h"
#include "../src/oracle/run.h"

#define ROUND_NS 200000000ull

static struct scenario s;

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * CF_NS_PER_SEC + t.tv_nsec;
}

static void ignore(const struct finding *f)
{
}

static void add(struct event e)
{
	if (s.nr_events < SCENARIO_MAX_EVENTS)
		s.events[s.nr_events++] = e;
}

/* What a VM does all day, a vCPU after another. */
static void fill(u32 events)
{
	s.nr_events = 0;
	for (u32 i = 0; s.nr_events < events; i++) {
		u16 vcpu = i % s.machine.nr_vcpus;

		add((struct event){ .kind = EVENT_ADVANCE_NS, .value = 1000000 });
		add((struct event){ .kind = EVENT_RUN_VCPU, .vcpu = vcpu });
		add((struct event){ .kind = EVENT_READ_PVCLOCK, .vcpu = vcpu });
		add((struct event){ .kind = EVENT_TICK });
		add((struct event){ .kind = EVENT_READ_TSC_PAGE, .vcpu = vcpu });
		add((struct event){ .kind = EVENT_GET_CLOCK });
		add((struct event){ .kind = EVENT_READ_REFERENCE });
		add((struct event){ .kind = EVENT_MASTERCLOCK, .vcpu = vcpu });
	}
	s.nr_events = events;
}

static double run_ns(void)
{
	u64 start = now_ns();
	u32 n = 0;

	do
		run_scenario(&s, subject, NULL);
	while (++n % 16 || now_ns() - start < ROUND_NS);
	return (double)(now_ns() - start) / n;
}

static void measure(u32 vcpus, u32 events)
{
	double boot_ns;

	s.machine = (struct machine){ .tsc_khz = 2304000, .nr_cpus = 1,
		.nr_vcpus = vcpus, .boot_tsc = 1000000000 };
	s.nr_hosts = 1;
	fill(0);
	boot_ns = run_ns();
	fill(events);
	printf("%u\t%u\t%.0f\t%.1f\n", vcpus, events, boot_ns,
	       (run_ns() - boot_ns) / events);
}

int main(void)
{
	law_set_sink(ignore);
	for (u32 vcpus = 1; vcpus <= SUBJECT_MAX_VCPUS; vcpus *= 4)
		measure(vcpus, 256);
	for (u32 events = 1; events <= SCENARIO_MAX_EVENTS; events *= 4)
		measure(4, events);
	return 0;
}
