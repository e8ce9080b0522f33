// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hunt: engines as children, each with its own working folder and log, one
 * pipe on which they announce findings and progress (see harness/engine.c).
 *
 * Slot 0 runs the timeline for the whole time, for that is where clocks meet.
 * The harnesses over pure functions share slot 1, one after the other; more
 * slots run more timelines.  With a single job they follow the timeline.
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
#include "../oracle/law.h"
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
	pid_t pid;
	char log[4096];
};

static struct {
	int seconds, nr_slots, seed;
	const char *out;
	bool json;
	char laws[256];

	struct slot slot[MAX_JOBS];
	char work[64];		/* temporary; gone at the end */
	int pipe[2];
	double start;
	unsigned long long ran;
	char *found[MAX_FINDINGS];
	int nr_found;
	bool failed;		/* an engine died */
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

/* Progress is for the person; with --json stdout holds nothing but JSON. */
static FILE *talk(void)
{
	return hunt.json ? stderr : stdout;
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

/*
 * Every fuzz_* beside this program but the canary, which is for tests, and
 * fuzz_rebase, which judges recordings.
 */
static int other_harnesses(char names[][NAME])
{
	char path[4096], file[4096];
	struct dirent *d;
	DIR *dir;
	int n = 0;

	cli_sibling("", path, sizeof(path));
	dir = opendir(path);
	while (dir && n < MAX_HARNESSES - 1 && (d = readdir(dir))) {
		if (strncmp(d->d_name, "fuzz_", 5) || strchr(d->d_name, '.') ||
		    strlen(d->d_name) >= NAME ||
		    !strcmp(d->d_name, "fuzz_timeline") ||
		    !strcmp(d->d_name, "fuzz_canary") ||
		    !strcmp(d->d_name, "fuzz_rebase"))
			continue;
		cli_sibling(d->d_name, file, sizeof(file));
		if (!access(file, X_OK))
			strcpy(names[n++], d->d_name);
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

static int write_seeds(const char *harness, const char *folder)
{
	char pattern[4096], name[NAME + 8], program[4096], **args;
	int n = 0, code = CLI_OK;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/corpus/%s/seed-*", cli_source_dir(), harness);
	if (glob(pattern, 0, NULL, &found))
		return CLI_OK;
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

static int start_next(int index)
{
	struct slot *slot = &hunt.slot[index];
	const struct job *job = &slot->job[slot->next++];
	char folder[256], time[48], seed[32], prefix[300], max_len[32];
	char program[4096], fd[16];
	pid_t parent = getpid();
	int left = hunt.start + hunt.seconds - now() + 0.5;

	snprintf(folder, sizeof(folder), "%s/%d-%s", hunt.work, index, job->harness);
	snprintf(slot->log, sizeof(slot->log), "%s.log", folder);
	if (mkdir(folder, 0700))
		return cli_error("%s: %s", folder, strerror(errno));
	if (write_seeds(job->harness, folder))
		return cli_error("the seeds of %s can't be used", job->harness);

	/* Starting takes time too: the last one ends with the hunt. */
	if (slot->next < slot->nr || left > job->seconds)
		left = job->seconds;
	snprintf(time, sizeof(time), "-max_total_time=%d", left > 0 ? left : 1);
	snprintf(seed, sizeof(seed), "-seed=%d", hunt.seed + index);
	snprintf(prefix, sizeof(prefix), "-artifact_prefix=%s/crash-", hunt.work);
	snprintf(max_len, sizeof(max_len), "-max_len=%d",
		 strcmp(job->harness, "fuzz_timeline") ? 256 : 2048);
	snprintf(fd, sizeof(fd), "%d", hunt.pipe[1]);
	cli_sibling(job->harness, program, sizeof(program));

	fflush(NULL);
	slot->pid = fork();
	if (slot->pid < 0)
		return cli_error("fork: %s", strerror(errno));
	if (slot->pid)
		return CLI_OK;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CLI_ERROR);
	/* Ctrl-C is for the hunt, which then stops its engines. */
	setpgid(0, 0);
	if (!freopen(slot->log, "w", stderr) || !freopen("/dev/null", "w", stdout))
		_exit(CLI_ERROR);
	setenv("CLOCKFUZZ_FINDINGS", hunt.work, 1);
	setenv("CLOCKFUZZ_REPORT_FD", fd, 1);
	if (*hunt.laws)
		setenv("CLOCKFUZZ_LAWS", hunt.laws, 1);
	execl(program, program, time, seed, prefix, max_len, "-rss_limit_mb=512",
	      "-malloc_limit_mb=64", "-timeout=10", "-reload=0",
	      folder, (char *)NULL);
	_exit(CLI_ERROR);
}

static void print_tail(const char *path, int lines)
{
	char *ring[32] = { 0 }, line[512];
	FILE *f = fopen(path, "r");
	int n = 0;

	while (f && fgets(line, sizeof(line), f)) {
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

/* Starts what comes next where an engine has ended.  How many run? */
static int reap(void)
{
	int running = 0, status;

	for (int i = 0; i < hunt.nr_slots; i++) {
		struct slot *slot = &hunt.slot[i];

		if (slot->pid && waitpid(slot->pid, &status, WNOHANG) == slot->pid) {
			slot->pid = 0;
			if (status && !stop) {
				clear_line();
				cli_error("%s stopped before its time; its log ends:",
					  slot->job[slot->next - 1].harness);
				print_tail(slot->log, 20);
				hunt.failed = true;
			}
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

/* Into the findings' folder, whole or not at all. */
static bool keep(const char *from, const char *to)
{
	char temp[4200], buf[65536];
	FILE *in = fopen(from, "r"), *out;
	size_t n;
	bool ok;

	snprintf(temp, sizeof(temp), "%s.%d~", to, getpid());
	out = fopen(temp, "w");
	if (!in || !out) {
		if (in)
			fclose(in);
		if (out)
			fclose(out);
		return false;
	}
	while ((n = fread(buf, 1, sizeof(buf), in)))
		fwrite(buf, 1, n, out);
	ok = !ferror(in) && !ferror(out) && !fflush(out) && !fsync(fileno(out));
	fclose(in);
	ok &= !fclose(out);
	return ok && !rename(temp, to);
}

static void on_finding(const char *path)
{
	const char *base = strrchr(path, '/');
	char to[4096], name[NAME + 8], program[4096];
	char *args[4];

	base = base ? base + 1 : path;
	snprintf(to, sizeof(to), "%s/%s", hunt.out, base);
	for (int i = 0; i < hunt.nr_found; i++)
		if (!strcmp(hunt.found[i], to))
			return;
	if (hunt.nr_found == MAX_FINDINGS)
		return;
	if (!keep(path, to)) {
		cli_error("%s: cannot be written: %s", to, strerror(errno));
		hunt.failed = true;
		return;
	}
	hunt.found[hunt.nr_found++] = strdup(to);

	clear_line();
	fprintf(talk(), "--- %.1f s: %s\n", now() - hunt.start, to);
	if (hunt.json)
		return;
	snprintf(name, sizeof(name), "replay_%.*s",
		 (int)strcspn(base + strlen("fuzz_"), "-"), base + strlen("fuzz_"));
	args[0] = (char *)cli_sibling(name, program, sizeof(program));
	args[1] = to;
	args[2] = NULL;
	cli_run(args);
	putchar('\n');
}

static void on_line(const char *line)
{
	unsigned int n;

	if (sscanf(line, "ran %u", &n) == 1)
		hunt.ran += n;
	else if (!strncmp(line, "finding ", 8))
		on_finding(line + 8);
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
	fprintf(talk(), "%s%3.0f s left, %llu executions, %.0f/s, %d finding%s%s",
		tty ? "\r\033[K" : "", left > 0 ? left : 0, hunt.ran, rate,
		hunt.nr_found, hunt.nr_found == 1 ? "" : "s", tty ? "" : "\n");
	fflush(talk());
	last = t;
	last_ran = hunt.ran;
}

static void remove_tree(const char *path)
{
	char *args[] = { "/bin/rm", "-rf", (char *)path, NULL };

	cli_run(args);
}

static void stop_all(void)
{
	for (int i = 0; i < hunt.nr_slots; i++)
		if (hunt.slot[i].pid) {
			kill(hunt.slot[i].pid, SIGKILL);
			waitpid(hunt.slot[i].pid, NULL, 0);
			hunt.slot[i].pid = 0;
		}
}

static void summary(void)
{
	double took = now() - hunt.start;

	clear_line();
	fprintf(talk(), "%s after %.0f s, %llu executions (%.0f/s), seed %d: ",
		stop ? "stopped" : "done", took, hunt.ran,
		took > 0 ? hunt.ran / took : 0, hunt.seed);
	if (!hunt.nr_found)
		fprintf(talk(), "no law was broken on %s %s\n",
			subject_linux.name, subject_linux.version);
	else
		fprintf(talk(), "%d finding%s on %s %s\n", hunt.nr_found,
			hunt.nr_found == 1 ? "" : "s", subject_linux.name,
			subject_linux.version);
	for (int i = 0; i < hunt.nr_found; i++)
		fprintf(talk(), "  %s\n", hunt.found[i]);
	fflush(talk());

	if (hunt.json) {
		/* One object a line: the replays' first, the hunt's own last. */
		for (int i = 0; i < hunt.nr_found; i++) {
			char *args[] = { "replay", "--json", hunt.found[i], NULL };

			cmd_replay(3, args);
		}
		printf("{\"hunt\":\"%s\",\"tree\":\"%s\",\"seconds\":%.1f,"
		       "\"executions\":%llu,\"seed\":%d,\"findings\":%d}\n",
		       subject_linux.name, subject_linux.version, took, hunt.ran,
		       hunt.seed, hunt.nr_found);
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
	const char *v;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			hunt.json = true;
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
		} else if ((v = cli_option(argv, &i, "--harness"))) {
			char path[4096];

			if (strncmp(v, "fuzz_", 5) || strlen(v) >= NAME || strchr(v, '/') ||
			    access(cli_sibling(v, path, sizeof(path)), X_OK))
				return cli_error("--harness %s: there is no such harness", v);
			*only = v;
		} else if ((v = cli_option(argv, &i, "--subject"))) {
			if (strcmp(v, subject_linux.name))
				return cli_error("--subject %s: see clockfuzz list subjects", v);
		} else {
			return cli_error("hunt: unknown option %s", argv[i]);
		}
	}
	return CLI_OK;
}

int cmd_hunt(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *only = NULL, *tmp = getenv("TMPDIR");
	struct pollfd fd = { .events = POLLIN };
	bool tty;

	hunt.seconds = 60;
	hunt.nr_slots = sysconf(_SC_NPROCESSORS_ONLN);
	if (hunt.nr_slots < 1 || hunt.nr_slots > MAX_JOBS)
		hunt.nr_slots = hunt.nr_slots < 1 ? 1 : MAX_JOBS;
	hunt.seed = (time(NULL) * 31 + getpid()) % (1 << 30) + 1;
	hunt.out = "findings";
	if (parse(argc, argv, &only))
		return CLI_ERROR;

	if (mkdir(hunt.out, 0777) && errno != EEXIST)
		return cli_error("%s: %s", hunt.out, strerror(errno));
	if (access(hunt.out, W_OK))
		return cli_error("%s: %s", hunt.out, strerror(errno));
	snprintf(hunt.work, sizeof(hunt.work), "%.40s/clockfuzz-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(hunt.work) || pipe(hunt.pipe))
		return cli_error("%s: %s", hunt.work, strerror(errno));
	fcntl(hunt.pipe[0], F_SETFL, O_NONBLOCK);
	fcntl(hunt.pipe[0], F_SETFD, FD_CLOEXEC);
	fd.fd = hunt.pipe[0];
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);

	tty = isatty(fileno(talk()));
	schedule(only);
	fprintf(talk(), "hunting on %s %s for %d s with %d job%s\n",
		subject_linux.name, subject_linux.version, hunt.seconds,
		hunt.nr_slots, hunt.nr_slots == 1 ? "" : "s");
	fflush(talk());
	hunt.start = now();
	while (reap() && !stop && now() < hunt.start + hunt.seconds) {
		poll(&fd, 1, 200);
		read_pipe();
		progress(tty);
	}
	stop_all();
	read_pipe();
	summary();
	remove_tree(hunt.work);
	return hunt.nr_found ? CLI_BROKEN : hunt.failed ? CLI_ERROR : CLI_OK;
}
