// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of the step that broke the law, done again with the numbers
 * that it had, as the kernel's function does it.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "words.h"
#include "../sim/machine.h"

static bool is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

struct sums {
	FILE *out;
	const struct text_file *file;
	const struct finding *f;
	const struct subject *subject;
	const struct machine *m;		/* timelines only, and the rest */
	const struct event *event;
	const struct step *before, *step;
};

/* "  delta    = a - b" */
static void __attribute__((format(printf, 3, 4)))
line(const struct sums *s, const char *name, const char *fmt, ...)
{
	va_list ap;

	fprintf(s->out, "  %-14s %s ", name, *name ? "=" : " ");
	va_start(ap, fmt);
	vfprintf(s->out, fmt, ap);
	va_end(ap);
	putc('\n', s->out);
}

static void place(const struct sums *s, const char *function)
{
	const struct subject_function *fn = words_function(s->step, function);

	if (fn)
		fprintf(s->out, "%s:%d %s():\n", fn->file, fn->line, fn->name);
	else
		fprintf(s->out, "%s():\n", function);
}

/* @delta as the kernel's u64, and what that means. */
static void difference(const struct sums *s, const char *name, const char *words,
		       u64 a, u64 b)
{
	char number[WORDS];
	u64 d = a - b;

	line(s, name, "%s = %llu - %llu", words, a, b);
	if ((s64)d >= 0) {
		line(s, "", "= %llu", d);
		return;
	}
	line(s, "", "= %llu: %s too few, taken modulo 2^64", d,
	     s->m ? words_cycles(-d, s->m, number) : words_commas(-d, number));
}

/*
 * The pvclock ABI's read, as __pvclock_read_cycles() does it.  Returns the
 * clock, ns.
 */
static u64 tuple(const struct sums *s, const struct subject_pvclock *pv, u64 tsc,
		 const char *timestamp, const char *base)
{
	u64 delta = tsc - pv->tsc_timestamp, shifted, scaled, right;
	char words[80], number[WORDS];

	snprintf(words, sizeof(words), "tsc - %s", timestamp);
	difference(s, "delta", words, tsc, pv->tsc_timestamp);
	shifted = pv->tsc_shift < 0 ? delta >> -pv->tsc_shift :
				      delta << pv->tsc_shift;
	scaled = (u128)shifted * pv->tsc_to_system_mul >> 32;
	line(s, "scaled", "(delta %s %d) * tsc_to_system_mul >> 32",
	     pv->tsc_shift < 0 ? ">>" : "<<", pv->tsc_shift < 0 ? -pv->tsc_shift :
								   pv->tsc_shift);
	line(s, "", "= %llu * %u >> 32 = %llu ns%s%s%s", shifted,
	     pv->tsc_to_system_mul, scaled, (s64)delta < 0 ? ", " : "",
	     (s64)delta < 0 ? words_duration(scaled, number) : "", "");
	line(s, "clock", "%s + scaled = %llu + %llu = %llu ns", base,
	     pv->system_time, scaled, pv->system_time + scaled);
	if ((s64)delta < 0) {
		right = s->subject->scale_delta(-delta, pv->tsc_to_system_mul,
						  pv->tsc_shift);
		line(s, "signed, it is", "%llu - %llu = %lld ns", pv->system_time,
		     right, (s64)(pv->system_time - right));
	}
	return pv->system_time + scaled;
}

/* ---- timelines ----------------------------------------------------------- */

static u64 host_clock(const struct sums *s, u64 tsc)
{
	struct subject_pvclock pv = words_host_tuple(s->step, s->f);

	place(s, "__get_kvmclock");
	return tuple(s, &pv, tsc, "master_cycle_now",
		     "(master_kernel_ns + kvmclock_offset)");
}

static bool behind(const struct sums *s)
{
	return s->step->vm.use_master_clock &&
	       (s64)(s->step->tsc - s->step->vm.master_cycle_now) < 0;
}

/*
 * The timekeeper's read at @counter: base + ((delta * mult + xtime_nsec) >>
 * shift), in 64 bits as vgettsc() does it.
 */
static u64 timekeeper(const struct sums *s, const struct subject_timekeeper_view *tk,
		      u64 counter, const char *function)
{
	u64 delta = counter - tk->cycle_last, kept, ns;
	s128 wide = (s128)(s64)delta * tk->mult + tk->xtime_nsec;
	char exact[REPORT_S128], right[REPORT_S128];

	place(s, function);
	line(s, "delta", "counter - cycle_last = %llu - %llu = %lld", counter,
	     tk->cycle_last, (s64)delta);
	kept = delta * tk->mult + tk->xtime_nsec;
	ns = kept >> tk->shift;
	line(s, "product", "delta * mult + xtime_nsec = %lld * %u + %llu",
	     (s64)delta, tk->mult, tk->xtime_nsec);
	line(s, "", "= %s", report_s128(wide, exact));
	if (wide != (s128)kept)
		line(s, "", "which 64 bits hold as %llu", kept);
	line(s, "ns", "product >> shift = %llu >> %u = %llu", kept, tk->shift, ns);
	line(s, "clock", "base + ns = %lld + %llu = %lld ns", tk->base_ns, ns,
	     (s64)(tk->base_ns + ns));
	if (wide != (s128)kept)
		line(s, "in 128 bits", "%lld + %s = %lld ns", tk->base_ns,
		     report_s128(wide >> tk->shift, right),
		     (s64)(tk->base_ns + (s64)(wide >> tk->shift)));
	return tk->base_ns + ns;
}

/* The counter that the host's timekeeper reads where the raw TSC is @raw. */
static u64 counter(const struct sums *s, u64 raw)
{
	if (s->m->clocksource != SUBJECT_CS_HYPERV_PAGE)
		return raw;
	return (u64)((u128)raw * s->step->hv_scale >> 64) + s->step->hv_offset_100ns;
}

/* The guest's frequency as kvm_guest_time_update() computes it, kHz. */
static void scaled_khz(const struct sums *s, const struct subject_vcpu_view *v)
{
	u8 frac = s->m->tsc_frac_bits;
	u128 product = (u128)s->m->tsc_khz * v->tsc_multiplier;
	double exact, off;

	if (!frac || v->tsc_multiplier == 1ull << frac)
		return;
	exact = (double)product / (double)((u128)1 << frac);
	off = exact / (double)(u64)(product >> frac) - 1;
	place(s, "kvm_guest_time_update");
	line(s, "guest kHz", "tsc_khz * ratio >> %u = %u * %llu >> %u = %llu", frac,
	     s->m->tsc_khz, v->tsc_multiplier, frac, (u64)(product >> frac));
	line(s, "", "cut from %.6f, so the guest's clock is fast by %.3f ppm",
	     exact, off * 1e6);
}

static bool kvmclock_update(const struct sums *s)
{
	const struct subject_vcpu_view *old = &s->before->vcpu[s->event->vcpu];
	const struct subject_vcpu_view *now = &s->step->vcpu[s->event->vcpu];
	const struct subject_timekeeper_view *tk = &s->step->timekeeper;
	const struct subject_pvclock *a = &old->pvclock, *b = &now->pvclock;
	double hz = s->m->tsc_khz * 1e3, guest, host;
	u64 delta = b->tsc_timestamp - a->tsc_timestamp, scaled, at;

	place(s, "kvm_guest_time_update");
	scaled = s->subject->scale_delta(delta, a->tsc_to_system_mul, a->tsc_shift);
	at = a->system_time + scaled;
	line(s, "old at new", "system_time + scale(tsc_timestamp' - tsc_timestamp)");
	line(s, "", "= %llu + scale(%llu) = %llu ns", a->system_time, delta, at);
	line(s, "new", "system_time' = master_kernel_ns + kvmclock_offset = %llu ns",
	     b->system_time);
	line(s, "step", "new - old at new = %lld ns", (s64)(b->system_time - at));
	if (s->m->clocksource != SUBJECT_CS_TSC || s->m->tsc_frac_bits)
		return (s64)b->system_time == s->f->got;
	guest = (double)a->tsc_to_system_mul / 4294967296.0;
	for (int i = 0; i < a->tsc_shift; i++)
		guest *= 2;
	for (int i = 0; i > a->tsc_shift; i--)
		guest /= 2;
	host = (double)tk->mult / (double)(1ull << tk->shift);
	fprintf(s->out, "between updates the guest counts by tsc_to_system_mul, the host by its clocksource's mult:\n");
	line(s, "guest", "%u * 2^%d / 2^32 ns a cycle, %+.3f ns a second",
	     a->tsc_to_system_mul, a->tsc_shift, guest * hz - 1e9);
	line(s, "host", "%u / 2^%u ns a cycle, %+.3f ns a second", tk->mult,
	     tk->shift, host * hz - 1e9);
	line(s, "apart", "%+.3f ns a second, for %.9f s", (host - guest) * hz,
	     (double)delta / hz);
	return (s64)b->system_time == s->f->got;
}

static bool guest_tsc(const struct sums *s)
{
	const struct subject_vcpu_view *old = &s->before->vcpu[s->event->vcpu];
	const struct subject_vcpu_view *now = &s->step->vcpu[s->event->vcpu];
	u64 since = s->step->vm.master_kernel_ns - now->this_tsc_nsec, cycles;

	place(s, "compute_guest_tsc");
	line(s, "since", "kernel_ns - this_tsc_nsec = %lld - %llu = %lld ns",
	     s->step->vm.master_kernel_ns, now->this_tsc_nsec, (s64)since);
	if ((s64)since < 0)
		line(s, "", "which pvclock_scale_delta() takes for %llu", since);
	cycles = s->subject->guest_tsc(now->virtual_tsc_khz, since);
	line(s, "cycles", "scale(since) at %u kHz = %llu", now->virtual_tsc_khz, cycles);
	line(s, "tsc", "this_tsc_write + cycles = %llu + %llu = %llu",
	     now->this_tsc_write, cycles, now->this_tsc_write + cycles);
	line(s, "moved by", "%llu cycles, for it looks later than the TSC is",
	     now->tsc_offset - old->tsc_offset);
	return (s128)(now->tsc_offset - old->tsc_offset) == s->f->got;
}

/* raw * ratio >> frac + offset, what RDTSC gives in the guest. */
static u64 rdtsc_of_guest(const struct sums *s, const char *when,
			  const struct subject_vcpu_view *v, u64 raw)
{
	u64 tsc = sim_guest_tsc(s->m, v, raw);

	if (s->m->tsc_frac_bits)
		line(s, when, "(raw TSC * ratio >> %u) + offset = (%llu * %llu >> %u) + %lld = %llu",
		     s->m->tsc_frac_bits, raw, v->tsc_multiplier,
		     s->m->tsc_frac_bits, (s64)v->tsc_offset, tsc);
	else
		line(s, when, "raw TSC + offset = %llu + %lld = %llu", raw,
		     (s64)v->tsc_offset, tsc);
	return tsc;
}

/* What the VMM saved, and what the guest has now. */
static bool restored(const struct sums *s)
{
	const struct sim_saved *saved = &s->step->saved;
	const struct subject_vcpu_view *old;
	const struct subject_vcpu_view *now = &s->step->vcpu[s->event->vcpu];
	struct sums source = *s;

	place(s, s->f->function);
	if (is(s->f->clock, "guest-TSC")) {
		line(s, "saved", "%llu", saved->tsc[s->event->vcpu]);
		rdtsc_of_guest(s, "restored", now, s->step->raw_tsc);
		return true;
	}
	line(s, "saved", "KVM_GET_CLOCK = %llu ns", saved->clock.clock_ns);
	if (is(s->f->clock, "KVM_GET_CLOCK"))
		return true;
	line(s, "restored", "system_time = %llu ns", now->pvclock.system_time);
	/* the guest's clock where that was saved */
	while (source.step[-1].saved.clock_of == saved->clock_of &&
	       source.step[-1].saved.clock_ns == saved->clock_ns)
		source.step--;
	source.step--;
	old = &source.step->vcpu[s->event->vcpu];
	source.m = source.step->machine;
	source.subject = source.step->subject;
	place(&source, "__pvclock_read_cycles");
	tuple(&source, &old->pvclock, sim_guest_tsc(source.m, old,
						    saved->clock.host_tsc),
	      "tsc_timestamp", "system_time");
	scaled_khz(&source, old);
	return true;
}

static bool written_tsc(const struct sums *s)
{
	const struct subject_vcpu_view *old = &s->before->vcpu[s->event->vcpu];
	const struct subject_vcpu_view *now = &s->step->vcpu[s->event->vcpu];
	u64 was, is, raw = s->step->raw_tsc;

	place(s, s->f->function);
	was = rdtsc_of_guest(s, "before", old, raw);
	is = rdtsc_of_guest(s, "after", now, raw);
	if (s->event->kind == EVENT_SET_TSC_KHZ) {
		line(s, "step", "%lld cycles, for the offset is that of the old ratio",
		     (s64)(is - was));
		return (s64)(is - was) == (s64)(s->f->got - s->f->want);
	}
	line(s, "written", "%llu, so it is %lld off", s->event->value,
	     (s64)(is - s->event->value));
	return (s64)(is - s->event->value) == (s64)(s->f->got - s->f->want);
}

static bool caught_up(const struct sums *s)
{
	const struct subject_vcpu_view *v = &s->step->vcpu[s->event->vcpu];
	u64 since = s->step->vm.master_kernel_ns - v->this_tsc_nsec;
	u64 cycles = s->subject->guest_tsc(v->virtual_tsc_khz, since), tsc;

	place(s, s->f->function);
	line(s, "since", "kernel_ns - this_tsc_nsec = %lld - %llu = %lld ns",
	     s->step->vm.master_kernel_ns, v->this_tsc_nsec, (s64)since);
	line(s, "", "kernel_ns is master_kernel_ns, of the snapshot at %llu",
	     s->step->vm.master_cycle_now);
	line(s, "target", "this_tsc_write + scale(since) at %u kHz = %llu + %llu = %llu",
	     v->virtual_tsc_khz, v->this_tsc_write, cycles,
	     v->this_tsc_write + cycles);
	tsc = rdtsc_of_guest(s, "TSC", v, s->step->raw_tsc);
	return tsc == s->f->got;
}

static bool tuple_fields(const struct sums *s)
{
	const struct subject_vcpu_view *v = &s->step->vcpu[s->event->vcpu];
	u8 frac = s->m->tsc_frac_bits;
	u64 scaled;

	place(s, s->f->function);
	if (is(s->f->unit, "kHz")) {
		line(s, "hw_tsc_khz", "cpu_tsc_khz * ratio >> %u = %u * %llu >> %u = %u",
		     frac, s->m->early_tsc_khz ?: s->m->tsc_khz, v->tsc_multiplier,
		     frac, v->hw_tsc_khz);
		return v->hw_tsc_khz == s->f->got;
	}
	if (is(s->f->unit, "cycles")) {
		scaled = v->tsc_multiplier ? sim_guest_tsc(s->m, v,
			s->step->vm.master_cycle_now) - v->tsc_offset : 0;
		line(s, "tsc_timestamp", "kvm_scale_tsc(master_cycle_now, ratio) + offset = scale(%llu, %llu) + %lld",
		     s->step->vm.master_cycle_now, v->tsc_multiplier,
		     (s64)v->tsc_offset);
		line(s, "", "= %llu + %lld = %llu", scaled, (s64)v->tsc_offset,
		     scaled + v->tsc_offset);
		return scaled + v->tsc_offset == s->f->got;
	}
	line(s, "system_time", "%llu ns", v->pvclock.system_time);
	return (s64)v->pvclock.system_time == s->f->got || is(s->f->unit, "2^-32 ns/ms");
}

/* The reference counter by the page, at the TSC of @v, the vCPU of @tsc_name. */
static u64 page_counter(const struct sums *s, const char *tsc_name,
			const struct subject_vcpu_view *v)
{
	const struct subject_vm_view *vm = &s->step->vm;
	u64 tsc, scaled;

	place(s, "get_time_ref_counter");
	tsc = rdtsc_of_guest(s, tsc_name, v, s->step->raw_tsc);
	scaled = (u128)tsc * vm->page_scale >> 64;
	line(s, "counter", "(tsc * tsc_scale >> 64) + tsc_offset = (%llu * %llu >> 64) + %lld",
	     tsc, vm->page_scale, vm->page_offset_100ns);
	line(s, "", "= %llu + %lld = %llu", scaled, vm->page_offset_100ns,
	     scaled + vm->page_offset_100ns);
	return scaled + vm->page_offset_100ns;
}

static bool reference_page(const struct sums *s)
{
	const struct subject_vcpu_view *v = &s->step->vcpu[0];
	u64 counter = page_counter(s, "tsc of vCPU0", v);

	scaled_khz(s, v);
	return counter == s->step->got;
}

/* A page's time from two updates, or one that its reader takes for none. */
static bool torn_page(const struct sums *s)
{
	const struct subject_vm_view *old = &s->before->vm, *new = &s->step->vm;
	u64 tsc = s->step->tsc;

	place(s, s->f->function);
	if (is(s->f->clock, "reference-counter"))
		tsc = rdtsc_of_guest(s, "tsc of vCPU0", &s->step->vcpu[0], tsc);
	for (int i = 0; i < 4; i++) {
		u64 scaled = (u128)tsc * (i & 1 ? new : old)->page_scale >> 64;
		s64 offset = (i & 2 ? new : old)->page_offset_100ns;

		if ((s64)(scaled + offset) != (s64)s->f->got)
			continue;
		line(s, "time", "(tsc * tsc_scale %s >> 64) + tsc_offset %s = %llu + %lld = %lld",
		     i & 1 ? "after" : "before", i & 2 ? "after" : "before",
		     scaled, offset, (s64)(scaled + offset));
		return true;
	}
	line(s, "time", "(tsc * tsc_scale >> 64) + tsc_offset = %llu", (u64)s->f->want);
	return (u64)s->f->want == ~0ull;
}

static bool left_odd(const struct sums *s)
{
	place(s, s->f->function);
	line(s, "sequence", "%lld after the update: readers wait for %lld",
	     (s64)s->f->got, (s64)s->f->want);
	return true;
}

static bool wall_clock(const struct sums *s)
{
	u64 clock;

	if (s->event->value) {
		place(s, s->f->function);
		line(s, "epoch", "realtime - kvmclock %llu ns later", s->event->value);
		return true;
	}
	if (behind(s)) {
		clock = host_clock(s, s->step->tsc);
		fprintf(s->out, "kvm_get_wall_clock_epoch():\n");
		line(s, "epoch", "realtime - clock = %lld ns", (s64)s->f->got);
		return (s64)(s->f->got + clock) >= 0;
	}
	timekeeper(s, &s->step->timekeeper, counter(s, s->step->tsc), "vgettsc");
	fprintf(s->out, "CLOCK_REALTIME is computed alike with its own base; the epoch is it minus kvmclock.\n");
	return true;
}

static bool kvmclock_read(const struct sums *s)
{
	const struct subject_vcpu_view *v = &s->step->vcpu[s->event->vcpu];
	u64 clock, host;

	place(s, "__pvclock_read_cycles");
	clock = tuple(s, &v->pvclock, s->step->tsc, "tsc_timestamp", "system_time");
	if (s->f->law == LAW_AGREE) {
		host = host_clock(s, s->step->raw_tsc);
		line(s, "guest - host", "%lld ns", (s64)(clock - host));
	}
	if (s->f->law == LAW_AGREE || s->f->law == LAW_RATE)
		scaled_khz(s, v);
	if (s->f->law == LAW_RATE) {
		line(s, "elapsed", "%lld ns by this clock since its first read, %lld ns of true time",
		     (s64)s->f->got, (s64)s->f->want);
		return clock == s->step->got;
	}
	return (s64)clock == s->f->got;
}

/* L1's TSC; L2's of it, where that runs; and what the registers make of the raw one. */
static bool nested_tsc(const struct sums *s)
{
	const struct subject_nested_view *n = &s->step->nested;
	bool rdmsr = strstr(s->f->event, "rdmsr"), l2 = is(s->f->clock, "L2-TSC");
	const struct subject_tsc *by = rdmsr ? &n->msr : &n->hardware;
	const struct subject_vcpu_view said = {
		.tsc_offset = by->offset, .tsc_multiplier = by->multiplier,
	}, asked = {
		.tsc_offset = n->l1.offset, .tsc_multiplier = n->l1.multiplier,
	};
	u64 raw = s->step->raw_tsc, tsc;

	place(s, s->f->function);
	tsc = rdtsc_of_guest(s, "L1", &s->step->vcpu[s->event->vcpu], raw);
	if (l2)
		rdtsc_of_guest(s, "L2 of that", &asked, tsc);
	tsc = rdtsc_of_guest(s, rdmsr ? "RDMSR" : "RDTSC", &said, raw);
	return tsc == (u64)s->f->got;
}

/* The VMM's, by a pair in memory that nobody has written. */
static bool xen_timer_before_clock(const struct sums *s)
{
	u64 due = host_clock(s, s->step->raw_tsc) + SUBJECT_XEN_ARM_NS;

	place(s, s->f->function);
	line(s, "guest_abs", "clock + %d = %llu ns", SUBJECT_XEN_ARM_NS, due);
	line(s, "guest_now", "0 + (tsc * 0 >> 32) = 0 ns: the pair and all beside it are 0");
	line(s, "delta", "guest_abs - guest_now = %llu - 0 = %llu ns", due, due);
	return (s64)due == s->f->got;
}

/* What the guest asked for, by its own copy, and what KVM takes for now. */
static bool xen_timer(const struct sums *s)
{
	const struct subject_vcpu_view *v = &s->step->vcpu[s->event->vcpu];
	u64 due = s->step->got, now;

	place(s, "__pvclock_read_cycles");
	now = tuple(s, &v->pvclock, s->step->tsc, "tsc_timestamp", "system_time");
	line(s, "asked", "now + %llu = %llu ns", s->event->value, due);
	scaled_khz(s, v);
	if (is(s->f->event, "xen-timer-left")) {
		place(s, s->f->function);
		line(s, "left armed", "for %lld ns", (s64)s->f->got);
		return now + s->event->value == due;
	}
	now = host_clock(s, s->step->raw_tsc);
	place(s, s->f->function);
	line(s, "delta", "guest_abs - guest_now = %llu - %llu = %lld ns", due, now,
	     (s64)(due - now));
	return (s64)(due - now) == s->f->got;
}

static bool runstate(const struct sums *s)
{
	const struct subject_vcpu_view *v = &s->step->vcpu[0];
	u64 now = host_clock(s, s->step->raw_tsc);

	place(s, s->f->function);
	line(s, "entry", "get_kvmclock_ns() = %llu ns", now);
	if (s->f->law == LAW_AGREE) {
		place(s, "__pvclock_read_cycles");
		tuple(s, &v->pvclock, sim_guest_tsc(s->m, v, s->step->raw_tsc),
		      "tsc_timestamp", "system_time");
		scaled_khz(s, v);
	}
	return (s64)now == (s64)s->f->got;
}

/* What KVM has stored for the guest, some of which it shouldn't have. */
static bool runstate_area(const struct sums *s)
{
	const struct subject_runstate_view *has = &s->step->xen.guest_runstate;
	s128 got = s->f->got;
	bool good = has->state == got || has->entry_ns == got;

	place(s, s->f->function);
	line(s, "in memory", "state = %u, state_entry_time = %llu ns", has->state,
	     has->entry_ns);
	for (u32 i = 0; i < SUBJECT_RUNSTATE_NR; i++) {
		line(s, "", "time[%u] = %llu ns", i, has->time_ns[i]);
		good |= has->time_ns[i] == got;
	}
	return good;
}

/* Its message found the slot full; what KVM saw when that was read is gone by now. */
static bool stimer_waited(const struct sums *s)
{
	u64 now = s->f->got;

	if (s->step->vm.page_enabled)
		now = page_counter(s, "tsc", &s->step->vcpu[s->event->vcpu]);
	place(s, s->f->function);
	line(s, "exp_time", "%llu: it was due once, and waits with msg_pending set", (u64)s->f->want);
	line(s, "left", "exp_time - counter = %lld", (s64)((u64)s->f->want - now));
	return now == (u64)s->f->got;
}

/* The request went with a tuple that found no memory. */
static bool stop_missed(const struct sums *s)
{
	u8 flags = s->step->vcpu[s->event->vcpu].pvclock.flags;

	place(s, s->f->function);
	line(s, "flags", "0x%x, without 0x%x (PVCLOCK_GUEST_STOPPED)", flags,
	     SUBJECT_PVCLOCK_GUEST_STOPPED);
	return !(flags & SUBJECT_PVCLOCK_GUEST_STOPPED) == !s->f->got;
}

static bool tsc_deadline(const struct sums *s)
{
	const struct subject_vcpu_view *v = &s->step->vcpu[s->event->vcpu];
	u64 cycles = s->event->value, ns;

	place(s, "start_sw_tscdeadline");
	if (s->event->kind == EVENT_TSC_DEADLINE) {
		line(s, "ns", "(tscdeadline - guest_tsc) * 1000000 = %llu * 1000000", cycles);
		line(s, "", "= %llu modulo 2^64", cycles * 1000000);
		ns = cycles * 1000000 / v->virtual_tsc_khz;
		line(s, "", "/ virtual_tsc_khz = %llu / %u = %llu ns", cycles * 1000000,
		     v->virtual_tsc_khz, ns);
		return ns == s->f->got || !s->f->got;
	}
	line(s, "deadline", "%llu cycles, at virtual_tsc_khz = %u kHz", (u64)s->f->want,
	     v->virtual_tsc_khz);
	if (is(s->f->event, "tsc-deadline-early-in-l2")) {
		place(s, s->f->function);
		line(s, "ratio", "L2's on L1's, so that L1's cycles look like the host's");
	}
	return rdtsc_of_guest(s, "TSC", v, s->step->raw_tsc) == (u64)s->f->got;
}

/* A count that is over has nothing left, by either divisor; yet the timer is started. */
static bool lapic_divided(const struct sums *s)
{
	place(s, "update_target_expiration");
	line(s, "remaining", "max(target_expiration - now, 0) = 0 ns");
	line(s, "target_expiration", "now + remaining * divide_count / old_divisor = now");
	place(s, "start_sw_period");
	line(s, "expires", "target_expiration = now");
	return true;
}

/* The update's own arithmetic on the tuple before it, CLOCK_MONOTONIC_RAW's. */
static bool host_update(const struct sums *s)
{
	const struct subject_timekeeper_view *tk = &s->before->timekeeper;
	u64 now = tk->clocksource == SUBJECT_CS_OTHER ?
		  machine_true_ns(s->m, s->step->true_cycles) :
		  counter(s, s->step->raw_tsc);

	return (s64)timekeeper(s, tk, now, s->f->function) == s->f->got;
}

static bool arithmetic(const struct sums *s)
{
	const struct finding *f = s->f;

	if (f->law == LAW_TOTAL) {
		const struct subject_vcpu_view *v = &s->before->vcpu[s->event->vcpu];

		if (s->event->kind == EVENT_READ_TSC_KHZ) {
			place(s, "pvclock_tsc_khz");
			line(s, "tsc_khz", "(1000000 << 32) / tsc_to_system_mul = %llu / %u",
			     1000000ull << 32, v->pvclock.tsc_to_system_mul);
			return true;
		}
		if (!is(f->function, "kvm_get_time_scale"))
			return false;
		scaled_khz(s, v);
		place(s, f->function);
		line(s, "kvm_get_time_scale", "(1000000000, guest kHz * 1000) doubles tps32 until it is above scaled64; 0 stays 0");
		return true;
	}
	if (f->law == LAW_SEQUENCE)
		return is(f->unit, "100ns") ? torn_page(s) :
		       is(f->event, "left-odd") && left_odd(s);
	if (f->law == LAW_ROUNDTRIP &&
	    (s->event->kind == EVENT_RESTORE_TSC ||
	     s->event->kind == EVENT_RESTORE_CLOCK ||
	     !strncmp(f->event, "restore-clock", 13)))
		return restored(s);
	if (is(f->clock, "kvmclock") && !strncmp(f->event, "pvclock-update", 14))
		return f->law == LAW_EXACT ? tuple_fields(s) : kvmclock_update(s);
	if (is(f->clock, "runstate"))
		return s->step->vm.use_master_clock && runstate(s);
	if (is(f->clock, "tsc-deadline"))
		return tsc_deadline(s);
	if (is(f->event, "lapic-timer-divided"))
		return lapic_divided(s);
	if (is(f->clock, "L2-TSC") ||
	    (is(f->clock, "guest-TSC") && f->law == LAW_AGREE))
		return nested_tsc(s);
	if (is(f->clock, "guest-TSC"))
		return f->law == LAW_SIGNED ? guest_tsc(s) :
		       f->law == LAW_EXACT ? caught_up(s) : written_tsc(s);
	if (is(f->clock, "master_kernel_ns"))
		return (s64)timekeeper(s, &s->step->timekeeper,
				       counter(s, s->step->vm.master_cycle_now),
				       "vgettsc") == f->got;
	if (is(f->clock, "timekeeper"))
		return host_update(s);
	if (is(f->event, "xen-timer-before-clock"))
		return xen_timer_before_clock(s);
	if (is(f->clock, "runstate-area"))
		return runstate_area(s);
	if (is(f->event, "stimer-late-waited"))
		return stimer_waited(s);
	if (is(f->event, "guest-stopped-missed"))
		return stop_missed(s);
	if (!s->step->has_clock)
		return false;
	if (is(f->clock, "kvmclock"))
		return kvmclock_read(s);
	if (is(f->clock, "xen-timer"))
		return xen_timer(s);
	if (is(f->clock, "KVM_GET_CLOCK")) {
		if (s->step->vm.use_master_clock)
			return (s64)host_clock(s, s->step->tsc) == f->got;
		timekeeper(s, &s->step->timekeeper, counter(s, s->step->raw_tsc),
			   "timekeeping_delta_to_ns");
		return true;
	}
	if (is(f->clock, "hv-clock") || is(f->clock, "hv-sched-clock") ||
	    (is(f->clock, "TSC-page") && f->law == LAW_RATE)) {
		u64 scaled = (u128)s->step->tsc * s->step->vm.page_scale >> 64;

		place(s, f->function);
		line(s, "page", "(tsc * tsc_scale >> 64) + tsc_offset = %llu + %lld = %llu",
		     scaled, s->step->vm.page_offset_100ns,
		     scaled + s->step->vm.page_offset_100ns);
		if (f->law != LAW_RATE)
			return true;
		scaled_khz(s, &s->step->vcpu[s->event->vcpu]);
		line(s, "elapsed", "%lld ns by this clock since its first read, %lld ns of true time",
		     (s64)f->got, (s64)f->want);
		return true;
	}
	if (is(f->clock, "reference-counter") &&
	    s->step->vm.page_status == SUBJECT_PAGE_SET)
		return reference_page(s);
	if (is(f->clock, "reference-counter") && s->step->vm.use_master_clock) {
		u64 clock = host_clock(s, s->step->tsc);

		place(s, "get_time_ref_counter");
		line(s, "counter", "clock / 100 = %llu", clock / 100);
		if (f->law == LAW_AGREE) {
			const struct subject_vcpu_view *v = &s->step->vcpu[0];

			place(s, "__pvclock_read_cycles");
			tuple(s, &v->pvclock, sim_guest_tsc(s->m, v, s->step->tsc),
			      "tsc_timestamp", "system_time");
			scaled_khz(s, v);
		}
		return (s128)(clock / 100) == f->got;
	}
	if (is(f->clock, "wall-clock"))
		return wall_clock(s);
	if (is(f->clock, "KVM_CLOCK_REALTIME")) {
		timekeeper(s, &s->step->timekeeper, counter(s, s->step->tsc), "vgettsc");
		fprintf(s->out, "CLOCK_REALTIME is computed alike with its own base.\n");
		return true;
	}
	return false;
}

/* ---- pure functions ------------------------------------------------------ */

static u64 field(const struct sums *s, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = s->file->fields; *p; p += *p == '\n') {
		if (!strncmp(p, name, n) && p[n] == ' ')
			return p[n + 1] == '-' ? strtoll(p + n, NULL, 0) :
						 strtoull(p + n, NULL, 0);
		p += strcspn(p, "\n");
	}
	return 0;
}

static bool pure_pvclock_read(const struct sums *s)
{
	struct subject_pvclock pv = {
		.tsc_timestamp = field(s, "tsc_timestamp"),
		.system_time = field(s, "system_time"),
		.tsc_to_system_mul = field(s, "mul"),
		.tsc_shift = field(s, "shift"),
	};

	place(s, "__pvclock_read_cycles");
	return (s64)tuple(s, &pv, field(s, "tsc"), "tsc_timestamp",
			  "system_time") == s->f->got;
}

static bool pure_guest_tsc(const struct sums *s)
{
	u64 since = field(s, "delta_ns"), cycles;

	place(s, "compute_guest_tsc");
	line(s, "since", "kernel_ns - this_tsc_nsec = %lld ns", (s64)since);
	if ((s64)since < 0)
		line(s, "", "which pvclock_scale_delta() takes for %llu", since);
	cycles = s->subject->guest_tsc(field(s, "khz"), since);
	line(s, "cycles", "scale(since) at %llu kHz = %llu", field(s, "khz"), cycles);
	return cycles == s->f->got;
}

static bool pure_page_read(const struct sums *s)
{
	u64 tsc = field(s, "tsc"), scale = field(s, "page_scale");
	u64 offset = field(s, "page_offset");
	u64 scaled = (u128)tsc * scale >> 64;

	place(s, "hv_read_tsc_page_tsc");
	line(s, "scaled", "tsc * scale >> 64 = %llu * %llu >> 64 = %llu", tsc, scale,
	     scaled);
	line(s, "time", "scaled + offset = %llu + %lld = %llu", scaled, (s64)offset,
	     scaled + offset);
	if (scaled + offset == ~0ull)
		line(s, "", "which is U64_MAX, by which this reader says that the page is invalid");
	return true;
}

static bool pure_rebase(const struct sums *s)
{
	u64 delta = field(s, "new_tsc_timestamp") - field(s, "tsc_timestamp");
	u64 scaled = s->subject->scale_delta(delta, field(s, "mul"),
					       field(s, "shift"));
	u64 at = field(s, "system_time") + scaled, now = field(s, "new_system_time");

	place(s, "kvm_guest_time_update");
	line(s, "old at new", "system_time + scale(tsc_timestamp' - tsc_timestamp)");
	line(s, "", "= %llu + scale(%llu) = %llu + %llu = %llu ns",
	     field(s, "system_time"), delta, field(s, "system_time"), scaled, at);
	line(s, "step", "system_time' - old at new = %llu - %llu = %+lld ns", now, at,
	     (s64)(now - at));
	return (s64)now == s->f->got && (s64)at == s->f->want;
}

static bool pure(const struct sums *s)
{
	const char *clock = s->f->clock;

	if (is(clock, "time_scale") && s->f->law == LAW_TOTAL) {
		place(s, "kvm_get_time_scale");
		line(s, "base_hz", "%llu kHz * 1000 = %llu", field(s, "khz"),
		     field(s, "khz") * 1000);
		line(s, "", "is doubled until it is above scaled_hz; 0 stays 0");
		return true;
	}
	return is(clock, "pvclock_read") ? pure_pvclock_read(s) :
	       is(clock, "guest_tsc") ? pure_guest_tsc(s) :
	       is(clock, "hv_page_read") ? pure_page_read(s) :
	       is(clock, "pvclock_rebase") ? pure_rebase(s) : false;
}

bool report_arithmetic(FILE *out, const struct text_file *file,
		       const struct finding *f)
{
	struct sums s = { .out = out, .file = file, .f = f, .subject = subject };
	struct step *steps;
	bool good;

	if (!file->is_timeline)
		return pure(&s);
	if (f->event_nr < 1)
		return false;
	steps = words_steps(&file->scenario);
	s.event = &file->scenario.events[f->event_nr - 1];
	s.before = &steps[f->event_nr - 1];
	s.step = &steps[f->event_nr];
	s.m = s.step->machine;
	s.subject = s.step->subject;
	good = arithmetic(&s);
	free(steps);
	return good;
}
