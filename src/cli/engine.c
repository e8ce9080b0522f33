// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../scenario/mutate.h"
#include "cli.h"
#include "engine.h"

static bool is_timeline(const struct engine_run *run)
{
	return !strcmp(run->harness, "fuzz_timeline");
}

static int max_size(const struct engine_run *run)
{
	return is_timeline(run) ? SCENARIO_INPUT_MAX : 256;
}

struct command {
	char *args[32];
	int nr;
};

static void __attribute__((format(printf, 2, 3)))
add(struct command *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&command->args[command->nr++], fmt, ap) < 0)
		abort();
	va_end(ap);
}

static void exec_libfuzzer(const struct engine_run *run, const char *program)
{
	struct command c = { 0 };

	add(&c, "%s", program);
	add(&c, "-max_total_time=%d", run->seconds);
	add(&c, "-seed=%d", run->seed);
	add(&c, "-artifact_prefix=%s-crash-", run->corpus);
	add(&c, "-max_len=%d", max_size(run));
	add(&c, "-rss_limit_mb=512");
	add(&c, "-malloc_limit_mb=64");
	add(&c, "-timeout=10");
	/* what the others found; each look goes through all of the folder's files */
	add(&c, "-reload=%d", run->nr > 1 ? 10 : 0);
	/* What is rare says little here, and how often a branch was taken says
	   nothing about a pure function; both take their time. */
	add(&c, "-entropic=0");
	add(&c, "-use_counters=%d", is_timeline(run));
	add(&c, "%s", run->corpus);
	execv(program, c.args);
}

/* afl-fuzz refuses to start if it is told less. */
static void add_to_env(const char *name, const char *options)
{
	const char *old = getenv(name);
	char *value;

	if (asprintf(&value, "%s%s%s", old ?: "", old ? ":" : "", options) < 0)
		abort();
	setenv(name, value, 1);
}

static void exec_afl(const struct engine_run *run, const char *program)
{
	static const char *const settings[] = {
		"AFL_NO_UI",
		/* how the machine is set up isn't ours to say */
		"AFL_SKIP_CPUFREQ",
		"AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES",
		/* its two processes take turns, which is twice as fast on one CPU */
		"AFL_TRY_AFFINITY",
		/* an execution that dies ends the hunt, and says why */
		"AFL_BENCH_UNTIL_CRASH", "AFL_DEBUG_CHILD",
		/* an input does the same each time, and a shorter one is no better */
		"AFL_FAST_CAL", "AFL_DISABLE_TRIM",
		/* what the others found, each minute, the least there is */
		"AFL_SYNC_TIME",
		/* where it left a folder that is kept */
		"AFL_AUTORESUME",
	};
	struct command c = { 0 };
	char path[4096];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		setenv(settings[i], "1", 1);
	add_to_env("ASAN_OPTIONS", "abort_on_error=1:symbolize=0:detect_leaks=0");
	add_to_env("UBSAN_OPTIONS", "abort_on_error=1:symbolize=0");
	if (is_timeline(run)) {
		setenv("AFL_CUSTOM_MUTATOR_LIBRARY",
		       cli_sibling("afl_mutator.so", path, sizeof(path)), 1);
		setenv("AFL_CUSTOM_MUTATOR_ONLY", "1", 1);
	}
	add(&c, "afl-fuzz");
	add(&c, "-i%s", run->corpus);
	add(&c, "-o%s-afl", run->corpus);
	if (run->nr > 1)
		add(&c, "-%c%d", run->nr_before ? 'S' : 'M', run->nr_before);
	add(&c, "-V%d", run->seconds);
	add(&c, "-s%d", run->seed);
	add(&c, "-G%d", max_size(run));
	add(&c, "-t10000");
	add(&c, "-mnone");
	add(&c, "--");
	add(&c, "%s", program);
	execvp(c.args[0], c.args);
}

static const struct engine engines[] = {
	{ "libfuzzer", "fuzz_", NULL, SIGKILL, NULL, exec_libfuzzer },
	/* killed, afl-fuzz would leave its shared memory */
	{ "afl++", "afl_", "afl-fuzz", SIGTERM, "-afl/*/{crashes,hangs}/id:*", exec_afl },
};

static bool is_in_path(const char *program)
{
	char *path = strdup(getenv("PATH") ?: ""), *rest = path, *folder;
	char file[4096];
	bool found = false;

	while (!found && (folder = strsep(&rest, ":"))) {
		snprintf(file, sizeof(file), "%s/%s", folder, program);
		found = !access(file, X_OK);
	}
	free(path);
	return found;
}

const struct engine *engine_find(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		const struct engine *engine = &engines[i];

		if (strcmp(engine->name, name))
			continue;
		if (!engine->needs || is_in_path(engine->needs))
			return engine;
		cli_error("--engine %s: %s isn't installed; Debian's package is %s",
			  name, engine->needs, name);
		return NULL;
	}
	cli_error("--engine %s: want libfuzzer or afl++", name);
	return NULL;
}

const char *engine_program(const struct engine *engine, const char *harness, char *buf,
			   size_t size)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", engine->prefix, harness + strlen("fuzz_"));
	return cli_sibling(name, buf, size);
}

bool engine_saw_death(const struct engine *engine, const struct engine_run *run)
{
	char pattern[512];
	glob_t found;

	if (!engine->deaths)
		return false;
	snprintf(pattern, sizeof(pattern), "%s%s", run->corpus, engine->deaths);
	if (glob(pattern, GLOB_BRACE, NULL, &found))
		return false;
	globfree(&found);
	return true;
}
