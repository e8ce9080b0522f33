// SPDX-License-Identifier: GPL-2.0-only
/*
 * A picture of a fault: how far each clock is off, before and after, and how
 * far each CPU's TSC is from the snapshot that it is subtracted from.
 *
 * The scenario is run once more, its waits cut in slices, and after each slice
 * and each event the subject's own readers are asked.  None of them changes
 * anything: a guest's clock is computed from what lies in its memory, without
 * entering the vCPU.
 */
#include <stdlib.h>
#include <string.h>
#include "words.h"
#include "../sim/machine.h"

#define SLICES 200			/* of the window */
#define MAX_SERIES SUBJECT_MAX_CPUS

struct point {
	double x;			/* cycles after the fault */
	double error_ns, distance;	/* distance: cycles from master_cycle_now */
	bool has_error, has_distance;
};

struct series {
	char title[80];
	struct point *point;
	size_t nr;
};

enum clock { KVMCLOCK, GUEST_TSC, TSC_PAGE, GET_CLOCK, REFERENCE, WALL_CLOCK };

struct plot {
	const struct text_file *file;
	const struct scenario *s;
	const struct finding *f;
	const struct step *steps;
	enum clock clock;
	bool of_cpu;			/* a line a CPU, not a vCPU */
	struct sim sim;
	s64 fault, from, to;		/* true time in cycles of the fault's host */
	u64 set_ns, set_cycles;		/* KVM_SET_CLOCK: value, and when */
	double first[MAX_SERIES];	/* guest TSC at its first sample, minus time */
	bool has_first[MAX_SERIES];
	struct series series[MAX_SERIES];
	int nr;
};

static enum clock clock_of(const struct finding *f)
{
	static const struct {
		const char *name;
		enum clock clock;
	} clocks[] = {
		{ "kvmclock", KVMCLOCK }, { "guest-TSC", GUEST_TSC },
		{ "TSC-page", TSC_PAGE }, { "reference-counter", REFERENCE },
		{ "wall-clock", WALL_CLOCK },
	};

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		if (!strcmp(f->clock, clocks[i].name))
			return clocks[i].clock;
	return GET_CLOCK;
}

static void add_point(struct series *series, struct point point)
{
	if (!(series->nr & (series->nr + 1))) {
		series->point = realloc(series->point, 2 * (series->nr + 1) *
					sizeof(point));
		if (!series->point)
			abort();
	}
	series->point[series->nr++] = point;
}

static const struct machine *fault_machine(const struct plot *p)
{
	return p->steps[p->f->event_nr].machine;
}

/* @cycles of @from's true time in those of @to. */
static s64 convert(s64 cycles, const struct machine *from, const struct machine *to)
{
	return from == to ? cycles : (s128)cycles * to->tsc_khz / from->tsc_khz;
}

/* What the clock is off by at this instant, ns; false: it says nothing. */
static bool error_now(struct plot *p, int index, double *error)
{
	const struct machine *m = p->sim.machine;
	const struct subject *subject = p->sim.subject;
	u64 true_ns = machine_true_ns(m, p->sim.cycles), value;
	u64 ideal = p->set_ns + machine_true_ns(m, p->sim.cycles - p->set_cycles);
	struct subject_vcpu_view v;
	struct subject_clock clock;
	u64 tsc;

	switch (p->clock) {
	case GET_CLOCK:
		if (subject->get_clock(&clock))
			return false;
		*error = (double)(s64)(clock.clock_ns - ideal);
		return true;
	case REFERENCE:
		*error = (double)(s64)(subject->reference_counter() - ideal / 100) * 100;
		return true;
	case WALL_CLOCK:
		value = subject->wall_clock_epoch();
		*error = (double)(s64)(value - (m->realtime_ns + true_ns - ideal));
		return true;
	default:
		break;
	}
	subject->view_vcpu(index, &v);
	tsc = sim_guest_tsc(m, &v, p->sim.hw.raw_tsc);
	if (p->clock == TSC_PAGE) {
		if (!p->sim.guest->guest_read_tsc_page(tsc, &value))
			return false;
		*error = (double)(s64)(value - ideal / 100) * 100;
		return true;
	}
	if (p->clock == GUEST_TSC) {
		double ns = (double)tsc * 1e6 / (v.virtual_tsc_khz ?: m->tsc_khz);

		if (!p->has_first[index] || !p->sim.cycles)
			p->first[index] = ns - (double)true_ns;
		p->has_first[index] = true;
		*error = ns - (double)true_ns - p->first[index];
		return true;
	}
	if (!v.updates)
		return false;
	value = p->sim.guest->pvclock_read(v.pvclock.system_time, v.pvclock.tsc_timestamp,
				      v.pvclock.tsc_to_system_mul,
				      v.pvclock.tsc_shift, tsc);
	*error = (double)(s64)(value - ideal);
	return true;
}

static void sample(struct plot *p)
{
	s64 now = convert(p->sim.cycles, p->sim.machine, fault_machine(p));

	if (now < p->from || now > p->to)
		return;
	for (int i = 0; i < p->nr; i++) {
		struct subject_vm_view vm;
		struct point point = { .x = (double)(now - p->fault) };
		u32 cpu = p->of_cpu ? (u32)i : p->sim.vcpu_cpu[i];

		p->sim.hw.cpu = cpu;
		p->sim.hw.raw_tsc = sim_raw_tsc(&p->sim, cpu);
		p->sim.subject->view_vm(&vm);
		point.distance = (double)(s64)(p->sim.hw.raw_tsc - vm.master_cycle_now);
		/* of the snapshot that the fault is about */
		point.has_distance = vm.masterclock_updates ==
			p->steps[p->f->event_nr].vm.masterclock_updates;
		point.has_error = error_now(p, i, &point.error_ns);
		add_point(&p->series[i], point);
	}
}

/* Time up to @cycles, in slices inside the window. */
static void pass(struct plot *p, s64 cycles)
{
	s64 from = convert(p->from, fault_machine(p), p->sim.machine);
	s64 slice = convert(p->to - p->from, fault_machine(p), p->sim.machine) /
		    SLICES + 1;

	while ((s64)p->sim.cycles < cycles) {
		s64 next = (s64)p->sim.cycles < from ? from :
							   (s64)p->sim.cycles + slice;

		subject_refuel();
		sim_set_time(&p->sim, next < cycles ? next : cycles);
		sample(p);
	}
}

static void run(void *arg)
{
	struct plot *p = arg;
	struct sim_read read;

	sim_boot(&p->sim, &p->s->machine, subject, scenario_boot_vcpus(p->s));
	sample(p);
	for (int i = 1; i <= p->f->event_nr; i++) {
		const struct event *e = &p->s->events[i - 1];

		subject_refuel();
		if (e->kind != EVENT_MIGRATE)
			pass(p, p->steps[i].true_cycles);
		if (e->kind == EVENT_ADVANCE_NS || e->kind == EVENT_ADVANCE_CYCLES)
			continue;
		sim_event(&p->sim, e, &read);
		if (e->kind == EVENT_SET_CLOCK || e->kind == EVENT_SET_CLOCK_REALTIME) {
			p->set_ns = e->value;
			p->set_cycles = p->sim.cycles;
		} else if (e->kind == EVENT_MIGRATE || e->kind == EVENT_RESTORE_CLOCK) {
			p->set_ns = e->kind == EVENT_MIGRATE ? 0 :
				    p->sim.saved.clock.clock_ns;
			p->set_cycles = p->sim.cycles;
		} else if (e->kind == EVENT_RESTORE_TSC) {
			memset(p->has_first, 0, sizeof(p->has_first));
		}
		sample(p);
	}
	pass(p, p->to);
}

/* Cycles by which the fault's CPU is behind the snapshot, or 0. */
static s64 behind(const struct plot *p)
{
	const struct step *step = &p->steps[p->f->event_nr];
	s64 cycles = step->vm.master_cycle_now - step->raw_tsc;

	return step->vm.use_master_clock && cycles > 0 ? cycles : 0;
}

static void set_window(struct plot *p)
{
	s64 short_of = behind(p), past;

	p->fault = p->steps[p->f->event_nr].true_cycles;
	if (short_of) {
		/* until it has caught up, and not so near that cycles show */
		past = short_of < 32 ? 48 : short_of * 3 / 2;
		p->from = p->fault - past / 3;
	} else {
		past = p->fault / 4 ?: 1000000;
		p->from = p->fault ? 0 : -past / 8;
	}
	p->to = p->fault + past;
}

/* ---- the script ---------------------------------------------------------- */

struct unit {
	const char *name;
	double ns;
};

static struct unit unit_for(double ns)
{
	static const struct unit units[] = {
		{ "years", 365.25 * 86400e9 }, { "days", 86400e9 },
		{ "hours", 3600e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ns >= units[i].ns)
			return units[i];
	return (struct unit){ "ns", 1 };
}

static void print_data(FILE *out, const struct plot *p, double x_scale,
		       double y_scale)
{
	for (int i = 0; i < p->nr; i++) {
		const struct series *series = &p->series[i];

		fprintf(out, "$s%d << EOD\n", i);
		for (size_t k = 0; k < series->nr; k++) {
			const struct point *pt = &series->point[k];

			fprintf(out, "%.9g ", pt->x / x_scale);
			if (pt->has_error)
				fprintf(out, "%.9g", pt->error_ns / y_scale);
			else
				fputs("NaN", out);
			if (pt->has_distance)
				fprintf(out, " %.9g\n", pt->distance);
			else
				fputs(" NaN\n", out);
		}
		fputs("EOD\n", out);
	}
}

/* Text inside double quotes of a script. */
static void quote(FILE *out, const char *s)
{
	for (putc('"', out); *s; s++) {
		if (*s == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (strchr("\"\\`$@", *s))
			putc('\\', out);
		putc(*s, out);
	}
	putc('"', out);
}

static void print_events(FILE *out, const struct plot *p, double x_scale)
{
	char what[100], label[160];

	for (int i = 1; i <= p->f->event_nr; i++) {
		const struct event *e = &p->s->events[i - 1];
		const struct step *step = &p->steps[i];
		s64 at = convert(step->true_cycles, step->machine, fault_machine(p));

		if (at < p->from || at > p->to || e->kind == EVENT_ADVANCE_NS ||
		    e->kind == EVENT_ADVANCE_CYCLES)
			continue;
		/* of several at one instant the last has the label */
		if (i < p->f->event_nr && step[1].true_cycles == step->true_cycles &&
		    p->s->events[i].kind > EVENT_ADVANCE_CYCLES)
			continue;
		snprintf(label, sizeof(label), "%d: %s", i, words_event(e, what));
		fprintf(out, "set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead lc rgb \"%s\" dt 2\n",
			(double)(at - p->fault) / x_scale, (double)(at - p->fault) / x_scale,
			i == p->f->event_nr ? "#c00000" : "#a0a0a0");
		fputs("set label ", out);
		quote(out, label);
		fprintf(out, " at first %.9g, graph 0.97 rotate by 90 right offset char 0.8,0 font \",10\" tc rgb \"%s\"\n",
			(double)(at - p->fault) / x_scale,
			i == p->f->event_nr ? "#c00000" : "#808080");
	}
}

static void print_lines(FILE *out, const struct plot *p, int column)
{
	static const char *const colors[] = { "#c00000", "#0060b0", "#008040",
					      "#a06000" };

	fputs("plot ", out);
	for (int i = 0; i < p->nr; i++) {
		fprintf(out, "%s$s%d using 1:%d with lines lw 2.5 lc rgb \"%s\" title ",
			i ? ", " : "", i, column, colors[i]);
		quote(out, p->series[i].title);
	}
	putc('\n', out);
}

static void print_script(FILE *out, const struct plot *p, bool png)
{
	const struct finding *f = p->f;
	double cycle_ns = 1e6 / fault_machine(p)->tsc_khz, largest = 0;
	struct unit x = unit_for((double)(p->to - p->from) * cycle_ns), y;
	bool two = behind(p);
	char *title = NULL;
	size_t size;
	FILE *memory = open_memstream(&title, &size);

	for (int i = 0; i < p->nr; i++)
		for (size_t k = 0; k < p->series[i].nr; k++) {
			const struct point *pt = &p->series[i].point[k];
			double e = pt->error_ns < 0 ? -pt->error_ns : pt->error_ns;

			if (pt->has_error && e > largest)
				largest = e;
		}
	y = unit_for(largest);
	if (memory) {
		report_headline(memory, p->file, f);
		fclose(memory);
		/* the cause has a line of its own */
		if (strstr(title, ": "))
			strstr(title, ": ")[1] = '\n';
	}
	fprintf(out, png ?
		"set terminal pngcairo noenhanced size 1000,%d font \"sans,12\" background \"white\"\n" :
		"set terminal svg noenhanced size 1000,%d dynamic font \"sans,13\" background \"white\"\n",
		two ? 720 : 500);
	fputs("set tmargin 4\nset lmargin 14\nset rmargin 4\n"
	      "set border 3 lc rgb \"#606060\"\nset tics nomirror\nset grid lc rgb \"#e0e0e0\" lt 1\n"
	      "set key outside below center horizontal\n", out);
	print_data(out, p, x.ns / cycle_ns, y.ns);
	fprintf(out, "set xrange [%.9g:%.9g]\n",
		(double)(p->from - p->fault) * cycle_ns / x.ns,
		(double)(p->to - p->fault) * cycle_ns / x.ns);
	if (two)
		fputs("set multiplot layout 2,1\n", out);
	fputs("set title ", out);
	quote(out, title ? title : "");
	fprintf(out, " font \",13\"\nset ylabel \"clock minus true time, %s\"\n"
		"set xlabel \"true time after event %d, %s\"\nset offsets 0,0,graph 0.1,graph 0.1\n",
		y.name, f->event_nr, x.name);
	fputs("set arrow from graph 0, first 0 to graph 1, first 0 nohead lc rgb \"#404040\"\n", out);
	print_events(out, p, x.ns / cycle_ns);
	print_lines(out, p, 2);
	if (two) {
		fputs("unset label\nset title \"each CPU's TSC minus master_cycle_now: below 0 an unsigned subtraction wraps\" font \",13\"\n"
		      "set ylabel \"cycles\"\n", out);
		print_lines(out, p, 3);
		fputs("unset multiplot\n", out);
	}
	free(title);
}

/* How far apart the lines' lowest and highest points are, ns. */
static double extent(const struct plot *p)
{
	double low = 0, high = 0;
	bool any = false;

	for (int i = 0; i < p->nr; i++)
		for (size_t k = 0; k < p->series[i].nr; k++) {
			const struct point *pt = &p->series[i].point[k];

			if (!pt->has_error)
				continue;
			low = !any || pt->error_ns < low ? pt->error_ns : low;
			high = !any || pt->error_ns > high ? pt->error_ns : high;
			any = true;
		}
	return high - low;
}

/*
 * Half of the finding, for a step may have begun before the window.  A read is cut to its
 * unit, as is true time, and with a negative shift to two: up to 4 ns are a saw's teeth.
 */
static bool shows(const struct plot *p)
{
	double unit_ns = words_unit_ns(p->f->unit ? p->f->unit : "");
	double off;

	if (!unit_ns)
		unit_ns = 1e6 / fault_machine(p)->tsc_khz;
	off = (double)words_magnitude(p->f->got - p->f->want) * unit_ns;
	return p->f->law != LAW_TOTAL && extent(p) > 4 && extent(p) >= off / 2;
}

bool report_plot(FILE *out, const struct text_file *file,
		 const struct finding *f, bool png)
{
	static struct plot p;
	struct step *steps = words_steps(&file->scenario);
	struct subject_trap trap;
	bool visible;

	memset(&p, 0, sizeof(p));
	p.file = file;
	p.s = &file->scenario;
	p.f = f;
	p.steps = steps;
	p.clock = clock_of(f);
	p.of_cpu = p.clock >= GET_CLOCK;
	p.nr = p.of_cpu ? p.s->machine.nr_cpus : p.s->machine.nr_vcpus;
	set_window(&p);
	subject_guard(run, &p, &trap);
	for (int i = 0; i < p.nr; i++)
		snprintf(p.series[i].title, sizeof(p.series[i].title), p.of_cpu ?
			 "%2$s on CPU%1$d" : "%2$s of vCPU%1$d, on CPU%3$u", i,
			 p.clock == GET_CLOCK ? "KVM_GET_CLOCK" : f->clock,
			 steps[f->event_nr].vcpu_cpu[i % SUBJECT_MAX_VCPUS]);
	print_script(out, &p, png);
	visible = shows(&p);
	for (int i = 0; i < p.nr; i++)
		free(p.series[i].point);
	free(steps);
	return visible;
}
