// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine's entry point, and what a hunt needs beyond a plain fuzzer.
 *
 * A plain fuzzer sees a crash at the first broken law.  Under `clockfuzz hunt`
 * (CLOCKFUZZ_FINDINGS is set) an execution that breaks a law is an execution
 * like any other: each signature is written down once and fuzzing goes on, so
 * that one frequent bug doesn't hide the others.
 *
 *	CLOCKFUZZ_FINDINGS	folder for the reproducers
 *	CLOCKFUZZ_REPORT_FD	where "finding SIGNATURE<tab>FILE", "ran N" and
 *				"error MESSAGE" go
 *	CLOCKFUZZ_LAWS		names of the laws that count, comma-separated
 *
 * Without it CLOCKFUZZ_SIGNATURE, "LAW CLOCK EVENT", makes one finding a crash and
 * nothing else, for an engine's own ways to minimise.
 *
 * Without both, in CI or by hand, the first finding that corpus/known.tsv doesn't explain is
 * a crash.
 *
 * bench/time-to-bug.sh sets CLOCKFUZZ_BUDGET, CPU-seconds: the program ends with the
 * first finding that both allow, or then.
 *
 * A hunt and that are told when a planted bug was "first reached EXECUTION CPU-SECONDS",
 * likewise "triggered" and "detected".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "counters.h"
#include "engine.h"
#include "harness.h"
#include "../src/file.h"
#include "../src/reference/plant.h"
#include "../src/report/known.h"
#include "../src/report/report.h"

#define REPORT_EVERY 1024
#define LOOK_EVERY 256			/* executions: at the clock, some ms */
#define COUNTERS_MAX (1 << 14)

static const char *findings_dir;
static int report_fd = STDOUT_FILENO;
static bool law_wanted[LAW_NR];
static const char *only_signature;
static law_sink crash;			/* prints and aborts */

/* corpus/known.tsv: a target is run far from its repository */
static struct known known;
extern const char known_table[], known_table_end[];
__asm__(".pushsection .rodata\n"
	"known_table: .incbin \"" CF_KNOWN_TABLE "\"\n"
	"known_table_end:\n"
	".popsection");

static struct harness_findings seen;
static struct harness_findings fresh;	/* of the current execution */
static double budget_s;			/* 0: none */
static unsigned long long runs;

static void __attribute__((format(printf, 1, 2))) announce(const char *fmt, ...)
{
	char line[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One write: several engines share the pipe. */
	if (write(report_fd, line, n) != n)
		_exit(0);		/* the hunt is gone */
}

static double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void first(const char *what, bool *told)
{
	if (!*told)
		announce("first %s\t%llu\t%.3f\n", what, runs, cpu_s());
	*told = true;
}

static void look_at_canaries(void)
{
	static bool reached, triggered;

	if (plant_reached)
		first("reached", &reached);
	if (plant_triggered)
		first("triggered", &triggered);
}

static void detected(void)
{
	static bool told;

	look_at_canaries();
	first("detected", &told);
}

static void end(void)
{
	announce("ended\t%llu\t%.3f\n", runs, cpu_s());
	_exit(0);
}

static bool is_only_signature(const struct finding *f)
{
	char signature[128];

	known_signature(f, signature);
	return !strcmp(signature, only_signature);
}

static void end_if_wanted(const struct finding *f)
{
	if (!law_wanted[f->law] || (only_signature && !is_only_signature(f)))
		return;
	detected();
	end();
}

static void note(const struct finding *f)
{
	if (!law_wanted[f->law] || harness_find(&seen, f) || harness_find(&fresh, f))
		return;
	if (seen.nr + fresh.nr < HARNESS_MAX_FINDINGS)
		fresh.finding[fresh.nr++] = *f;
}

static void crash_if_wanted(const struct finding *f)
{
	if (is_only_signature(f))
		crash(f);
}

static void file_name(const struct finding *f, char *buf, size_t size)
{
	bool has_event = strcmp(f->event, "-");

	snprintf(buf, size, "%s-%s-%s%s%s.txt", harness_name,
		 law_info[f->law].name, f->clock, has_event ? "-" : "",
		 has_event ? f->event : "");
	for (; *buf; buf++)
		if (*buf == ' ' || *buf == '/')
			*buf = '_';
}

static void give_up(const char *path)
{
	announce("error %s: %s\n", path, strerror(errno));
	_exit(2);
}

/* What minimising passes isn't what the input did. */
static void minimize_apart(struct text_file *file, const struct finding *f)
{
	u32 nr = nr_counters();
	u8 *counters = malloc(nr + 1);

	if (!counters)
		abort();
	memcpy(counters, __start___sancov_cntrs, nr);
	harness_minimize(file, f, NULL);
	memcpy(__start___sancov_cntrs, counters, nr);
	free(counters);
}

static void write_down(const u8 *data, size_t size, const struct finding *f,
		       const char *path)
{
	static struct text_file file;
	static struct file_new new;

	harness_to_text(data, size, &file);
	minimize_apart(&file, f);
	if (file_create(&new, path))
		give_up(path);
	fprintf(new.out, FOUND_BY "%s %s: %s.\n", subject->name,
		subject_versions(subject), f->why ? f->why : "");
	text_print(&file, new.out);
	/* Of two engines the first one wins. */
	if (file_commit(&new, true) && errno != EEXIST)
		give_up(path);
}

static void save(const u8 *data, size_t size, const struct finding *f)
{
	char name[256], path[4096], signature[128];

	file_name(f, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s", findings_dir, name);
	if (access(path, F_OK))
		write_down(data, size, f, path);
	known_signature(f, signature);
	announce("finding %s\t%s\n", signature, path);
}

/* A canary that is silent would prove nothing. */
static bool is_known(const struct finding *f)
{
	const struct known_row *row;
	char signature[128];

	known_signature(f, signature);
	row = known_find(&known, signature, NULL, subject_versions(subject));
	return row && strcmp(row->status, "planted");
}

static void read_table(void)
{
	const char *why;
	int line;

	/* what is known of Linux excuses nobody else */
	if (subject == &subject_reference ||
	    !known_parse(&known, known_table, known_table_end - known_table, &line, &why))
		return;
	fprintf(stderr, "corpus/known.tsv:%d: %s\n", line, why);
	exit(2);
}

/* The law's own function is on the stack then, by which engines tell crashes apart. */
static void tell_and_crash(const u8 *data, size_t size, const struct finding *f)
{
	static struct text_file file;

	harness_to_text(data, size, &file);
	report_print(stderr, &file, f, "FILE");
	fprintf(stderr, "\nFILE is this input, or the scenario in it:\n\n");
	text_print(&file, stderr);
	law_set_sink(crash);
	law_fail(f);
}

/* libFuzzer tells 1, 2, 3, 4-7, 8-15, 16-31, 32-127 and more apart. */
static u8 top_of_step(u8 count)
{
	static const u8 tops[] = { 0, 1, 2, 3, 7, 15, 31, 127 };

	for (u32 i = 0; i < sizeof(tops); i++)
		if (count <= tops[i])
			return tops[i];
	return 255;
}

/*
 * libFuzzer goes through each counter that isn't zero after each execution, for longer
 * than a scenario runs.  Nearly all of them say what has been said: so it gets those in
 * which a place was passed more often than ever, by the engine's own steps, and each
 * sixteenth, for the sake of the steps between and of shorter ways to what is known.  Of
 * an input of a corpus it gets all: what it hadn't known of that would be news when a
 * mutant is the same, and that one's file it may delete for a shorter one.  With
 * sanitizers' checks of each counter this would be dearer than what it saves.
 */
__attribute__((no_sanitize("address", "undefined")))
static void hide_what_is_known(void)
{
	static u8 most[COUNTERS_MAX];
	u32 nr = nr_counters();
	u8 *counter = __start___sancov_cntrs, is_more = 0;
	bool of_corpus = &engine_mutated && !engine_mutated;

	if (&engine_mutated)
		engine_mutated = false;
	/* it begins with an input that it doesn't look at, and ends if the next is no news */
	if (nr > COUNTERS_MAX || runs < 3 || runs % 16 == 0)
		return;
	for (u32 i = 0; i < nr; i++)
		is_more |= counter[i] > most[i];
	if (!is_more) {
		if (!of_corpus)
			memset(counter, 0, nr);
		return;
	}
	for (u32 i = 0; i < nr; i++)
		if (counter[i] > most[i])
			most[i] = top_of_step(counter[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *fd = getenv("CLOCKFUZZ_REPORT_FD");
	const char *laws = getenv("CLOCKFUZZ_LAWS");
	const char *budget = getenv("CLOCKFUZZ_BUDGET");
	char list[256], *name, *rest = list;

	findings_dir = getenv("CLOCKFUZZ_FINDINGS");
	if (fd)
		report_fd = atoi(fd);
	for (int i = 0; i < LAW_NR; i++)
		law_wanted[i] = !laws;
	snprintf(list, sizeof(list), "%s", laws ? laws : "");
	while ((name = strsep(&rest, ",")))
		if (law_by_name(name) >= 0)
			law_wanted[law_by_name(name)] = true;
	only_signature = getenv("CLOCKFUZZ_SIGNATURE");
	if (budget)
		budget_s = atof(budget);
	if (budget_s > 0)
		law_set_sink(end_if_wanted);
	else if (only_signature && !findings_dir)
		crash = law_set_sink(crash_if_wanted);
	else
		crash = law_set_sink(note);
	if (!findings_dir)
		read_table();
	return 0;
}

void engine_run(const uint8_t *data, size_t size)
{
	runs++;
	harness_run(data, size);
	if (budget_s > 0) {
		look_at_canaries();
		if (runs % LOOK_EVERY == 0 && cpu_s() >= budget_s)
			end();
		return;
	}
	if (findings_dir) {
		if (runs % REPORT_EVERY == 0)
			announce("ran %d\n", REPORT_EVERY);
		look_at_canaries();
		if (plant_on && fresh.nr)
			detected();
	}
}

void engine_keep(const uint8_t *data, size_t size)
{
	while (fresh.nr) {
		struct finding f = fresh.finding[--fresh.nr];

		seen.finding[seen.nr++] = f;
		if (findings_dir)
			save(data, size, &f);
		else if (!is_known(&f))
			tell_and_crash(data, size, &f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	engine_run(data, size);
	engine_keep(data, size);
	/* who merges or prunes a corpus by itself wants to see all */
	if (findings_dir || budget_s > 0)
		hide_what_is_known();
	return 0;
}
