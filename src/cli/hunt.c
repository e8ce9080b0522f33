// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hunt: engines as children, each with its own working folder and log, one
 * pipe on which they announce findings and progress (see harness/engine.c).
 * Those that run the same harness share its corpus.  The folders are temporary, or
 * those of --keep DIR: a later hunt goes on from there.
 *
 * Slot 0 runs the timeline for the whole time, for that is where clocks meet.
 * The harnesses over pure functions share slot 1, one after the other; more
 * slots run more timelines.  With a single job they follow the timeline.
 *
 * What the table of known findings explains is told once and kept apart, in
 * OUT/known/; and first of all each known finding must still reproduce.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "engine.h"
#include "../file.h"
#include "../oracle/law.h"
#include "../report/known.h"
#include "../subject.h"

#define MAX_JOBS 64
#define MAX_HARNESSES 32
#define MAX_FINDINGS 256
#define NAME 64

struct job {			/* one engine's turn */
	char harness[NAME];
	int seconds;
};

struct slot {			/* what runs at the same time */
	struct job job[MAX_HARNESSES];
	int nr, next;
	struct engine_run run;	/* the latest */
	pid_t pid;
	char log[4096];
};

static struct {
	int seconds, nr_slots, seed;
	const struct engine *engine;
	const char *out;
	bool json, first;
	FILE *quiet;		/* /dev/null, or NULL: talks */
	char laws[256];

	struct slot slot[MAX_JOBS];
	char work[200];		/* engines' folders and logs */
	bool keep;		/* else they are gone at the end */
	char found_dir[256];	/* in it; of this hunt alone */
	int pipe[2];
	double start;
	unsigned long long ran;
	const char *known_path;	/* NULL: no table */
	struct known known;
	struct found {
		char *path;
		const struct known_row *row;	/* NULL: new */
	} found[MAX_FINDINGS];
	int nr_found, nr_new;
	struct first {		/* of a planted bug, in the engine that was first */
		char what[16];	/* reached, triggered, detected */
		unsigned long long execution;
		double cpu_s;
	} first_time[3];
	int nr_first_times;
	bool stale;		/* a known one no longer reproduces */
	bool failed;		/* an engine died, a file couldn't be written */
} hunt;

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * Progress is for the person; with --json stdout holds nothing but JSON, and with
 * --quiet nobody listens.
 */
static FILE *talk(void)
{
	return hunt.quiet ?: hunt.json ? stderr : stdout;
}

static void clear_line(void)
{
	if (isatty(fileno(talk())))
		fputs("\r\033[K", talk());
}

static void add_job(struct slot *slot, const char *harness, int seconds)
{
	struct job *job = &slot->job[slot->nr++];

	snprintf(job->harness, sizeof(job->harness), "%s", harness);
	job->seconds = seconds > 0 ? seconds : 1;
}

static bool has_harness(const char *name)
{
	char path[4096];

	return !strncmp(name, "fuzz_", 5) && strlen(name) < NAME && !strchr(name, '/') &&
	       !access(engine_program(hunt.engine, name, path, sizeof(path)), X_OK);
}

/*
 * Every harness that the engine has but the timeline, the canary, which is for tests,
 * and fuzz_rebase, which judges recordings.
 */
static int other_harnesses(char names[][NAME])
{
	size_t prefix = strlen(hunt.engine->prefix);
	char path[4096], name[NAME + 8];
	struct dirent *d;
	DIR *dir;
	int n = 0;

	cli_sibling("", path, sizeof(path));
	dir = opendir(path);
	while (dir && n < MAX_HARNESSES - 1 && (d = readdir(dir))) {
		if (strncmp(d->d_name, hunt.engine->prefix, prefix) ||
		    strchr(d->d_name, '.') || strlen(d->d_name) >= NAME)
			continue;
		snprintf(name, sizeof(name), "fuzz_%s", d->d_name + prefix);
		if (has_harness(name) && strcmp(name, "fuzz_timeline") &&
		    strcmp(name, "fuzz_canary") && strcmp(name, "fuzz_rebase"))
			strcpy(names[n++], name);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void schedule(const char *only)
{
	char names[MAX_HARNESSES][NAME];
	int n = other_harnesses(names);

	for (int i = 0; i < hunt.nr_slots; i++) {
		struct slot *slot = &hunt.slot[i];
		bool alone = hunt.nr_slots == 1 && n;

		if (only) {
			add_job(slot, only, hunt.seconds);
			continue;
		}
		if (i != 1 || !n)
			add_job(slot, "fuzz_timeline",
				alone ? hunt.seconds * 3 / 4 : hunt.seconds);
		for (int k = 0; k < n && (i == 1 || alone); k++)
			add_job(slot, names[k], (alone ? hunt.seconds / 4 :
					hunt.seconds) * (k + 1) / n -
				(alone ? hunt.seconds / 4 : hunt.seconds) * k / n);
	}
}

/* All zero is the simplest input, and engines want one. */
static int write_zero(const char *folder)
{
	static struct file_new new;
	char path[300];

	snprintf(path, sizeof(path), "%s/zero", folder);
	if (file_create(&new, path))
		return cli_error("%s: %s", path, strerror(errno));
	fputc(0, new.out);
	return file_commit(&new, false) ? cli_error("%s: %s", path, strerror(errno)) : CLI_OK;
}

static int write_seeds(const char *harness, const char *folder)
{
	char pattern[4096], name[NAME + 8], program[4096], **args;
	int n = 0, code = CLI_OK;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/corpus/%s/seed-*", cli_source_dir(), harness);
	if (glob(pattern, 0, NULL, &found))
		return write_zero(folder);
	args = calloc(found.gl_pathc + 4, sizeof(*args));
	if (!args)
		abort();
	snprintf(name, sizeof(name), "replay_%s", harness + strlen("fuzz_"));
	args[n++] = (char *)cli_sibling(name, program, sizeof(program));
	args[n++] = "--to-binary";
	args[n++] = (char *)folder;
	for (size_t i = 0; i < found.gl_pathc; i++)
		args[n++] = found.gl_pathv[i];
	code = cli_run(args);
	free(args);
	globfree(&found);
	return code;
}

/* The corpus is that of the first process of its harness. */
static int prepare(struct engine_run *run, const char *harness, int index)
{
	*run = (struct engine_run){ .harness = harness, .seed = hunt.seed + index };
	for (int i = 0; i < hunt.nr_slots; i++)
		for (int k = 0; k < hunt.slot[i].nr; k++)
			if (!strcmp(hunt.slot[i].job[k].harness, harness)) {
				run->nr_before += i < index;
				run->nr++;
			}
	snprintf(run->corpus, sizeof(run->corpus), "%s/%s", hunt.work, harness);
	if (run->nr_before)
		return CLI_OK;
	if (mkdir(run->corpus, 0700) && !(hunt.keep && errno == EEXIST))
		return cli_error("%s: %s", run->corpus, strerror(errno));
	return write_seeds(harness, run->corpus);
}

static int start_next(int index)
{
	struct slot *slot = &hunt.slot[index];
	const struct job *job = &slot->job[slot->next++];
	char program[4096], fd[16];
	pid_t parent = getpid();
	int left = hunt.start + hunt.seconds - now() + 0.5;

	if (prepare(&slot->run, job->harness, index))
		return CLI_ERROR;	/* which has been told */
	snprintf(slot->log, sizeof(slot->log), "%s/%d.log", hunt.work, index);

	/* Starting takes time too: the last one ends with the hunt. */
	if (slot->next < slot->nr || left > job->seconds)
		left = job->seconds;
	slot->run.seconds = left > 0 ? left : 1;
	snprintf(fd, sizeof(fd), "%d", hunt.pipe[1]);
	engine_program(hunt.engine, job->harness, program, sizeof(program));

	fflush(NULL);
	slot->pid = fork();
	if (slot->pid < 0)
		return cli_error("fork: %s", strerror(errno));
	if (slot->pid)
		return CLI_OK;

	prctl(PR_SET_PDEATHSIG, hunt.engine->stop_signal);
	if (getppid() != parent)
		_exit(CLI_ERROR);
	/* Ctrl-C is for the hunt, which then stops its engines. */
	setpgid(0, 0);
	if (!freopen(slot->log, "w", stderr) || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(CLI_ERROR);
	setenv("CLOCKFUZZ_FINDINGS", hunt.found_dir, 1);
	setenv("CLOCKFUZZ_REPORT_FD", fd, 1);
	if (*hunt.laws)
		setenv("CLOCKFUZZ_LAWS", hunt.laws, 1);
	hunt.engine->exec(&slot->run, program);
	_exit(CLI_ERROR);
}

/* AFL++'s, which it can't be asked to leave out. */
static void drop_colours(char *line)
{
	char *to = line;

	while (*line) {
		if (*line == '\033') {
			line += strcspn(line, "mhlK");
			line += !!*line;
		} else {
			*to++ = *line++;
		}
	}
	*to = '\0';
}

static void print_tail(const char *path, int lines)
{
	char *ring[32] = { 0 }, line[512];
	FILE *f = fopen(path, "r");
	int n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		drop_colours(line);
		free(ring[n % lines]);
		ring[n++ % lines] = strdup(line);
	}
	for (int i = n > lines ? n - lines : 0; i < n; i++)
		fprintf(stderr, "  %s", ring[i % lines]);
	for (int i = 0; i < lines; i++)
		free(ring[i]);
	if (f)
		fclose(f);
}

static void died(const struct slot *slot)
{
	clear_line();
	cli_error("%s stopped before its time; its log ends:", slot->run.harness);
	print_tail(slot->log, 20);
	hunt.failed = true;
}

/* Starts what comes next where an engine has ended.  How many run? */
static int reap(void)
{
	int running = 0, status;

	for (int i = 0; i < hunt.nr_slots; i++) {
		struct slot *slot = &hunt.slot[i];

		if (slot->pid && waitpid(slot->pid, &status, WNOHANG) == slot->pid) {
			slot->pid = 0;
			if ((status || engine_saw_death(hunt.engine, &slot->run)) &&
			    !stop)
				died(slot);
		}
		if (!slot->pid && slot->next < slot->nr && !stop &&
		    start_next(i)) {
			hunt.failed = true;
			slot->next = slot->nr;
		}
		running += !!slot->pid;
	}
	return running;
}

static int copy(const char *from, const char *to)
{
	static char buf[1 << 16];
	static struct file_new new;
	long n = file_read(from, buf, sizeof(buf));

	if (n < 0 || file_create(&new, to))
		return -1;
	fwrite(buf, 1, n, new.out);
	return file_commit(&new, false);
}

/* The replay program tells a finding, and a known one what it's known as. */
static void tell(const char *path)
{
	char harness[CLI_HARNESS], program[4096];
	char *args[8] = { 0 };
	int n = 0;

	cli_harness_of(path, harness);
	args[n++] = (char *)cli_replay_program(harness, path, program, sizeof(program));
	if (!args[0])
		return;
	args[n++] = hunt.json ? "--json" : "--full";
	if (hunt.known_path) {
		args[n++] = "--known";
		args[n++] = (char *)hunt.known_path;
	}
	args[n++] = (char *)path;
	cli_run(args);
}

/* "SIGNATURE<tab>FILE", from an engine */
static void on_finding(char *line)
{
	struct found *found = &hunt.found[hunt.nr_found];
	char *signature = strsep(&line, "\t");
	const char *base = line ? strrchr(line, '/') : NULL;
	const struct known_row *row;
	char to[4096];

	if (!base || hunt.nr_found == MAX_FINDINGS)
		return;
	row = known_find(&hunt.known, signature, NULL, subject_versions(subject));
	snprintf(to, sizeof(to), "%s%s%s", hunt.out, row ? "/known" : "", base);
	for (int i = 0; i < hunt.nr_found; i++)
		if (!strcmp(hunt.found[i].path, to))
			return;
	if (copy(line, to)) {
		const char *why = strerror(errno);

		clear_line();
		cli_error("%s: %s", to, why);
		hunt.failed = true;
		stop = SIGTERM;		/* what else is found couldn't be kept */
		return;
	}
	*found = (struct found){ strdup(to), row };
	hunt.nr_found++;
	hunt.nr_new += !row;

	clear_line();
	fprintf(talk(), "--- %.1f s: ", now() - hunt.start);
	fflush(talk());
	if (hunt.json) {
		fprintf(talk(), "%s\n", to);
		return;
	}
	if (hunt.quiet)
		return;
	tell(to);
	putchar('\n');
}

/*
 * Each known finding of what is about to be hunted must still reproduce: else
 * the table hides what it no longer explains.
 */
static void check_known(const char *only)
{
	char pattern[4096];
	int nr = 0, code;
	glob_t found;
	char **args;

	snprintf(pattern, sizeof(pattern), "%s/corpus/%s/regress-*.txt",
		 cli_source_dir(), only ? only : "*");
	if (!hunt.known_path || glob(pattern, 0, NULL, &found))
		return;
	args = calloc(found.gl_pathc + 6, sizeof(*args));
	if (!args)
		abort();
	args[nr++] = "replay";
	args[nr++] = "--quiet";
	args[nr++] = "--known";
	args[nr++] = (char *)hunt.known_path;
	if (hunt.json)
		args[nr++] = "--json";
	for (size_t i = 0; i < found.gl_pathc; i++)
		args[nr++] = found.gl_pathv[i];
	code = cmd_replay(nr, args);
	hunt.stale = code == CLI_BROKEN;
	hunt.failed |= code == CLI_ERROR;
	free(args);
	globfree(&found);
}

static void on_first_time(const struct first *first)
{
	for (int i = 0; i < hunt.nr_first_times; i++)
		if (!strcmp(hunt.first_time[i].what, first->what))
			return;
	if (hunt.nr_first_times < 3)
		hunt.first_time[hunt.nr_first_times++] = *first;
}

static void on_line(char *line)
{
	struct first first;
	unsigned int n;

	if (sscanf(line, "ran %u", &n) == 1)
		hunt.ran += n;
	else if (sscanf(line, "first %15s %llu %lf", first.what, &first.execution,
			&first.cpu_s) == 3)
		on_first_time(&first);
	else if (!strncmp(line, "finding ", 8))
		on_finding(line + 8);
	else if (!strncmp(line, "error ", 6)) {
		clear_line();
		cli_error("%s", line + 6);
		hunt.failed = true;
		stop = SIGTERM;
	}
}

static void read_pipe(void)
{
	static char buf[65536];
	static size_t len;
	ssize_t n;

	while ((n = read(hunt.pipe[0], buf + len, sizeof(buf) - len - 1)) > 0) {
		char *line = buf, *end;

		len += n;
		buf[len] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			on_line(line);
			line = end + 1;
		}
		len -= line - buf;
		memmove(buf, line, len);
	}
}

static void progress(bool tty)
{
	static unsigned long long last_ran;
	static double last;
	double t = now(), left = hunt.start + hunt.seconds - t;
	double rate;

	if (!last)
		last = hunt.start;
	if (t - last < (tty ? 1 : 10))
		return;
	rate = (hunt.ran - last_ran) / (t - last);
	fprintf(talk(), "%s%3.0f s left, %llu executions, %.0f/s, %d new, %d known%s",
		tty ? "\r\033[K" : "", left > 0 ? left : 0, hunt.ran, rate,
		hunt.nr_new, hunt.nr_found - hunt.nr_new, tty ? "" : "\n");
	fflush(talk());
	last = t;
	last_ran = hunt.ran;
}

static void remove_tree(const char *path)
{
	char *args[] = { "/bin/rm", "-rf", (char *)path, NULL };

	cli_run(args);
}

#define STOP_MS 3000		/* then it is killed */

static void wait_until(double deadline, struct slot *slot)
{
	while (waitpid(slot->pid, NULL, WNOHANG) != slot->pid) {
		if (now() > deadline)
			kill(slot->pid, SIGKILL);
		poll(NULL, 0, 10);
	}
	slot->pid = 0;
}

static void stop_all(void)
{
	double deadline = now() + STOP_MS / 1e3;

	for (int i = 0; i < hunt.nr_slots; i++)
		if (hunt.slot[i].pid)
			kill(hunt.slot[i].pid, hunt.engine->stop_signal);
	for (int i = 0; i < hunt.nr_slots; i++) {
		struct slot *slot = &hunt.slot[i];

		if (!slot->pid)
			continue;
		wait_until(deadline, slot);
		if (engine_saw_death(hunt.engine, &slot->run))
			died(slot);
	}
	/* an engine's own children, which end with it */
	while (wait(NULL) > 0)
		;
}

static void list_found(bool known)
{
	for (int i = 0; i < hunt.nr_found; i++) {
		const struct found *f = &hunt.found[i];

		if (!f->row == known)
			continue;
		if (known)
			fprintf(talk(), "  known: %-32s %s\n", f->row->slug, f->path);
		else
			fprintf(talk(), "  new:   %s\n", f->path);
	}
}

static void summary(void)
{
	double took = now() - hunt.start;
	int nr_known = hunt.nr_found - hunt.nr_new;

	clear_line();
	fprintf(talk(), "%s after %.0f s, %llu executions (%.0f/s), seed %d, on %s %s: ",
		stop ? "stopped" : "done", took, hunt.ran,
		took > 0 ? hunt.ran / took : 0, hunt.seed,
		subject->name, subject_versions(subject));
	if (!hunt.nr_found)
		fprintf(talk(), "no law was broken\n");
	else if (!hunt.nr_new)
		fprintf(talk(), "nothing new, %d known\n", nr_known);
	else if (hunt.known_path)
		fprintf(talk(), "%d new, %d known\n", hunt.nr_new, nr_known);
	else
		fprintf(talk(), "%d finding%s\n", hunt.nr_new,
			hunt.nr_new == 1 ? "" : "s");
	list_found(true);
	list_found(false);
	for (int i = 0; i < hunt.nr_first_times; i++) {
		const struct first *first = &hunt.first_time[i];

		fprintf(talk(), "%s %s at execution %llu, CPU-second %.3f",
			i ? "," : "  the planted bug was", first->what,
			first->execution, first->cpu_s);
	}
	if (hunt.nr_first_times)
		fputc('\n', talk());
	if (hunt.stale)
		fprintf(talk(), "a known finding no longer reproduces, see above; a tree that fixes it belongs in the table's column \"fixed\"\n");
	fflush(talk());

	if (hunt.json) {
		/* One object a line: the findings' first, the hunt's own last. */
		for (int i = 0; i < hunt.nr_found; i++)
			tell(hunt.found[i].path);
		printf("{\"hunt\":\"%s\",\"tree\":\"%s\",\"engine\":\"%s\",\"seconds\":%.1f,"
		       "\"executions\":%llu,\"seed\":%d,\"new\":%d,\"known\":%d,"
		       "\"stale\":%s",
		       subject->name, subject_versions(subject), hunt.engine->name,
		       took, hunt.ran, hunt.seed, hunt.nr_new, nr_known, hunt.stale ? "true" : "false");
		for (int i = 0; i < hunt.nr_first_times; i++)
			printf(",\"%s\":{\"execution\":%llu,\"cpu_s\":%.3f}",
			       hunt.first_time[i].what, hunt.first_time[i].execution,
			       hunt.first_time[i].cpu_s);
		printf("}\n");
	}
}

/* "60", "60s", "10m", "2h"; 0 when it is none of them. */
static int parse_time(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);
	long unit = !*end || !strcmp(end, "s") ? 1 : !strcmp(end, "m") ? 60 :
		    !strcmp(end, "h") ? 3600 : 0;

	return end == s || n < 1 || n > 1000000 ? 0 : n * unit;
}

static bool parse_number(const char *s, int min, int max, int *n)
{
	char *end;
	long v = strtol(s, &end, 10);

	*n = v;
	return end != s && !*end && v >= min && v <= max;
}

static int parse(int argc, char **argv, const char **only)
{
	const char *engine = "libfuzzer", *v;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			hunt.json = true;
		} else if (!strcmp(argv[i], "--quiet")) {
			hunt.quiet = fopen("/dev/null", "w");
		} else if (!strcmp(argv[i], "--first")) {
			hunt.first = true;
		} else if (cli_known_option(argv, &i, &hunt.known_path)) {
			;
		} else if ((v = cli_option(argv, &i, "--time"))) {
			hunt.seconds = parse_time(v);
			if (!hunt.seconds)
				return cli_error("--time %s: want e.g. 60s, 10m or 2h", v);
		} else if ((v = cli_option(argv, &i, "--jobs"))) {
			if (!parse_number(v, 1, MAX_JOBS, &hunt.nr_slots))
				return cli_error("--jobs %s: want 1 to %d", v, MAX_JOBS);
		} else if ((v = cli_option(argv, &i, "--seed"))) {
			if (!parse_number(v, 1, 1 << 30, &hunt.seed))
				return cli_error("--seed %s: want 1 to %d", v, 1 << 30);
		} else if ((v = cli_option(argv, &i, "--law"))) {
			size_t n = strlen(hunt.laws);

			if (law_by_name(v) < 0)
				return cli_error("--law %s: see clockfuzz list laws", v);
			if (n + strlen(v) + 2 < sizeof(hunt.laws))
				sprintf(hunt.laws + n, "%s%s", n ? "," : "", v);
		} else if ((v = cli_option(argv, &i, "--out"))) {
			hunt.out = v;
		} else if ((v = cli_option(argv, &i, "--keep"))) {
			hunt.keep = true;
			if ((size_t)snprintf(hunt.work, sizeof(hunt.work), "%s", v) >=
			    sizeof(hunt.work))
				return cli_error("--keep %s: too long a name", v);
		} else if ((v = cli_option(argv, &i, "--harness"))) {
			*only = v;
		} else if ((v = cli_option(argv, &i, "--engine"))) {
			engine = v;
		} else {
			return cli_error("hunt: unknown option %s", argv[i]);
		}
	}
	hunt.engine = engine_find(engine);
	if (!hunt.engine)
		return CLI_ERROR;	/* which has been told */
	if (!has_harness(*only ?: "fuzz_timeline"))
		return cli_error("--harness %s: %s has no such harness",
				 *only ?: "fuzz_timeline", engine);
	return CLI_OK;
}

static int make_folder(const char *path)
{
	if ((mkdir(path, 0777) && errno != EEXIST) || access(path, W_OK))
		return cli_error("%s: %s", path, strerror(errno));
	return CLI_OK;
}

int cmd_hunt(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *only = NULL, *tmp = getenv("TMPDIR");
	struct pollfd fd = { .events = POLLIN };
	char known_out[4096], error[4400];
	bool tty;

	hunt.seconds = 60;
	hunt.nr_slots = sysconf(_SC_NPROCESSORS_ONLN);
	if (hunt.nr_slots < 1 || hunt.nr_slots > MAX_JOBS)
		hunt.nr_slots = hunt.nr_slots < 1 ? 1 : MAX_JOBS;
	hunt.seed = (time(NULL) * 31 + getpid()) % (1 << 30) + 1;
	hunt.out = "findings";
	hunt.known_path = cli_known_path();
	if (parse(argc, argv, &only))
		return CLI_ERROR;
	if (hunt.known_path && known_read(&hunt.known, hunt.known_path, error))
		return cli_error("%s", error);

	snprintf(known_out, sizeof(known_out), "%s/known", hunt.out);
	if (make_folder(hunt.out) || (hunt.known_path && make_folder(known_out)))
		return CLI_ERROR;
	if (hunt.keep && make_folder(hunt.work))
		return CLI_ERROR;
	if (!hunt.keep)
		snprintf(hunt.work, sizeof(hunt.work), "%.40s/clockfuzz-XXXXXX", tmp ? tmp : "/tmp");
	if ((!hunt.keep && !mkdtemp(hunt.work)) || pipe(hunt.pipe))
		return cli_error("%s: %s", hunt.work, strerror(errno));
	snprintf(hunt.found_dir, sizeof(hunt.found_dir), "%s/found", hunt.work);
	remove_tree(hunt.found_dir);
	if (make_folder(hunt.found_dir))
		return CLI_ERROR;
	fcntl(hunt.pipe[0], F_SETFL, O_NONBLOCK);
	fcntl(hunt.pipe[0], F_SETFD, FD_CLOEXEC);
	fd.fd = hunt.pipe[0];
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	tty = isatty(fileno(talk()));
	schedule(only);
	fprintf(talk(), "hunting on %s %s for %d s with %d job%s of %s\n",
		subject->name, subject_versions(subject), hunt.seconds,
		hunt.nr_slots, hunt.nr_slots == 1 ? "" : "s", hunt.engine->name);
	fflush(talk());
	check_known(only);
	hunt.start = now();
	while (reap() && !stop && now() < hunt.start + hunt.seconds &&
	       !(hunt.first && hunt.nr_new)) {
		poll(&fd, 1, 200);
		read_pipe();
		progress(tty);
	}
	stop_all();
	read_pipe();
	summary();
	if (!hunt.keep)
		remove_tree(hunt.work);
	known_free(&hunt.known);
	if (ferror(stdout) || fflush(stdout))
		hunt.failed = true;
	return hunt.nr_new || hunt.stale ? CLI_BROKEN :
	       hunt.failed ? CLI_ERROR : CLI_OK;
}
