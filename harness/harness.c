// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "harness.h"
#include "../src/oracle/run.h"
#include "../src/scenario/input.h"
#include "../src/report/minimize.h"
#include "../src/report/report.h"

/* Asked at each execution, and engines watch strcmp(). */
static bool is_timeline(void)
{
	static int answer = -1;

	if (__builtin_expect(answer < 0, 0))
		answer = !strcmp(harness_name, "fuzz_timeline");
	return answer;
}

struct execution {
	const u8 *data;
	size_t size;
};

static void execute(void *arg)
{
	const struct execution *e = arg;

	harness_one_input(e->data, e->size);
}

void harness_run(const u8 *data, size_t size)
{
	struct execution e = { data, size };
	struct subject_trap trap = { 0 };
	struct finding f = {
		.law = LAW_TOTAL,
		.clock = harness_name + strlen("fuzz_"),
		.event = "-",
		.unit = "",
	};

	/* run_scenario() guards each event itself, and guards don't nest. */
	if (is_timeline()) {
		execute(&e);
		return;
	}
	subject_guard(execute, &e, &trap);
	if (trap.kind == SUBJECT_TRAP_NONE)
		return;
	f.function = run_function_at(subject, trap.file, trap.line) ?: "?";
	f.why = report_trap(&trap);
	law_fail(&f);
}

/* Mostly the same constant, and engines make strcmp() dear. */
static bool same_text(const char *a, const char *b)
{
	return a == b || !strcmp(a, b);
}

bool harness_same_signature(const struct finding *a, const struct finding *b)
{
	return a->law == b->law && same_text(a->clock, b->clock) &&
	       same_text(a->event, b->event);
}

const struct finding *harness_find(const struct harness_findings *list,
				   const struct finding *f)
{
	for (u32 i = 0; i < list->nr; i++)
		if (harness_same_signature(&list->finding[i], f))
			return &list->finding[i];
	return NULL;
}

static struct harness_findings *collecting;

static void collect(const struct finding *f)
{
	if (collecting->nr < HARNESS_MAX_FINDINGS && !harness_find(collecting, f))
		collecting->finding[collecting->nr++] = *f;
}

void harness_collect(const u8 *data, size_t size, struct harness_findings *list)
{
	law_sink old;

	list->nr = 0;
	collecting = list;
	old = law_set_sink(collect);
	harness_run(data, size);
	law_set_sink(old);
}

/* Runs for the sake of the fields that decode() asks for. */
static void record_fields(const char *text, const u8 *data, size_t size,
			  struct input_record *record)
{
	static struct harness_findings ignored;

	memset(record, 0, sizeof(*record));
	input_redirect(text, record);
	harness_collect(data, size, &ignored);
	input_redirect(NULL, NULL);
}

void harness_to_text(const u8 *data, size_t size, struct text_file *file)
{
	static struct input_record record;

	memset(file, 0, sizeof(*file));
	strncpy(file->harness, harness_name, sizeof(file->harness) - 1);
	file->is_timeline = is_timeline();
	if (file->is_timeline) {
		scenario_decode(&file->scenario, data, size);
		return;
	}
	record_fields(NULL, data, size, &record);
	memcpy(file->fields, record.text, record.text_len);
}

int harness_to_bytes(const struct text_file *file, u8 *buf, size_t max,
		     const char **err)
{
	static struct harness_findings ignored;
	static struct input_record record;
	size_t size;

	if (file->is_timeline) {
		size = scenario_encode(&file->scenario, buf, max);
		*err = "scenario is too long";
		return size ? (int)size : -1;
	}
	/* input_redirect() forgets the error: ask before it is called again. */
	memset(&record, 0, sizeof(record));
	input_redirect(file->fields, &record);
	harness_collect(NULL, 0, &ignored);
	*err = input_error();
	input_redirect(NULL, NULL);
	if (*err || record.bytes_len > max)
		return -1;
	memcpy(buf, record.bytes, record.bytes_len);
	return record.bytes_len;
}

struct wanted {
	const struct finding *finding;
	harness_progress progress;
	u32 tried;
};

static bool still_breaks(const struct text_file *file, void *arg)
{
	static struct harness_findings now;
	static u8 buf[HARNESS_MAX_INPUT];
	struct wanted *wanted = arg;
	const struct finding *f;
	const char *err;
	int size;

	if (wanted->progress)
		wanted->progress(++wanted->tried, file);
	size = harness_to_bytes(file, buf, sizeof(buf), &err);
	if (size < 0)
		return false;
	harness_collect(buf, size, &now);
	f = harness_find(&now, wanted->finding);
	return f && (file->expect != TEXT_EXPECT_FIGURE ||
		     text_is_figure(file, f->got, f->want));
}

u32 harness_minimize(struct text_file *file, const struct finding *f,
		     harness_progress progress)
{
	struct finding signature = *f;
	struct wanted wanted = { &signature, progress, 0 };

	return minimize(file, still_breaks, &wanted);
}
