// SPDX-License-Identifier: GPL-2.0-only
/* What people read: every timeline finding explains its own numbers. */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include "../src/file.h"
#include "../src/oracle/run.h"
#include "../src/report/report.h"

static struct finding findings[64];
static int nr_findings;

static void collect(const struct finding *f)
{
	if (nr_findings < 64)
		findings[nr_findings++] = *f;
}

static void load(const char *path, struct text_file *file)
{
	static char buf[1 << 16];
	struct text_error err;
	long n = file_read(path, buf, sizeof(buf));

	cr_assert(n > 0, "%s", path);
	cr_assert_eq(text_parse(file, buf, n, &err), 0, "%s: %s", path, err.message);
	nr_findings = 0;
	law_set_sink(collect);
	run_scenario(&file->scenario, &subject_linux, NULL);
}

static char *captured;
static size_t captured_size;

static FILE *capture(void)
{
	free(captured);
	return open_memstream(&captured, &captured_size);
}

/*
 * report_arithmetic() computes again what the kernel computed and compares: it
 * says true only when it came to the finding's own number.
 */
Test(report, arithmetic_comes_to_the_same_number)
{
	static struct text_file file;
	int checked = 0;
	glob_t found;
	FILE *out;

	cr_assert_eq(glob(CF_SOURCE_DIR "/corpus/fuzz_timeline/regress-*.txt", 0,
			  NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		load(found.gl_pathv[i], &file);
		for (int k = 0; k < nr_findings; k++) {
			out = capture();
			cr_expect(report_arithmetic(out, &file, &findings[k]),
				  "%s: %s %s %s", found.gl_pathv[i],
				  law_info[findings[k].law].name,
				  findings[k].clock, findings[k].event);
			fclose(out);
			cr_expect(strchr(captured, '='), "%s", captured);
			checked++;
		}
		text_free(&file);
	}
	cr_expect(checked > 10, "%d", checked);
	globfree(&found);
}

Test(report, story_names_what_a_reader_needs)
{
	static struct text_file file;
	FILE *out;

	load(CF_SOURCE_DIR "/corpus/fuzz_timeline/regress-kvm-253y-nested.txt", &file);
	cr_assert_eq(nr_findings, 1);
	out = capture();
	report_print(out, &file, &findings[0], "F");
	fclose(out);
	for (const char *const *word = (const char *const[]){
		"KVM_GET_CLOCK on CPU1 jumped +253.7 years at event 2",
		"182,240,954 cycles (79.1 ms) behind", "Hyper-V TSC page",
		"8006399342167092479", "5175860260", "__get_kvmclock",
		"./clockfuzz replay F", "./clockfuzz explain F", NULL }; *word; word++) {
		/* a line may break between words */
		char *text = strdup(captured);

		for (char *p = text; *p; p++)
			*p = *p == '\n' ? ' ' : *p;
		cr_expect(strstr(text, *word), "no '%s' in:\n%s", *word, captured);
		free(text);
	}
	/* the story is folded */
	strtok(captured, "\n");
	for (char *line; (line = strtok(NULL, "\n")) && *line != ' '; )
		cr_expect(strlen(line) <= 80, "%s", line);
	text_free(&file);
}

Test(report, a_script_for_gnuplot_has_data_of_every_cpu)
{
	static struct text_file file;
	FILE *out;

	load(CF_SOURCE_DIR "/corpus/fuzz_timeline/regress-kvm-253y-nested.txt", &file);
	out = capture();
	report_plot(out, &file, &findings[0], false);
	fclose(out);
	cr_expect(strstr(captured, "set terminal svg"));
	cr_expect(strstr(captured, "$s0 << EOD") && strstr(captured, "$s1 << EOD"));
	cr_expect(strstr(captured, "years"));
	text_free(&file);
}

/* No number of a u64 is lost on readers that keep 53 bits. */
Test(report, json_has_wide_numbers_as_strings)
{
	static struct text_file file;
	FILE *out;

	load(CF_SOURCE_DIR "/corpus/fuzz_timeline/regress-kvm-253y-nested.txt", &file);
	out = capture();
	report_json(out, &file, &findings[0], "a \"b\"\n", "slug");
	fclose(out);
	cr_expect(strstr(captured, "\"got\":\"8006399342167092479\""), "%s", captured);
	cr_expect(strstr(captured, "\"known\":\"slug\""));
	cr_expect(strstr(captured, "a \\\"b\\\"\\u000a"), "%s", captured);
	text_free(&file);
}
