// SPDX-License-Identifier: GPL-2.0-only
/* Runs emitted KUnit suites: 0 when all cases pass, 1 when one fails. */
#include <stdio.h>
#include "test.h"
#include "../../src/subject.h"

struct kunit_suite *kunit_suites;

struct execution {
	const struct kunit_case *test_case;
	struct kunit test;
};

static void run_case(void *arg)
{
	struct execution *e = arg;

	e->test_case->run_case(&e->test);
}

static bool fails(const struct kunit_case *c)
{
	struct execution e = { .test_case = c };
	struct subject_trap trap = { 0 };

	subject_refuel();
	subject_guard(run_case, &e, &trap);
	if (trap.kind != SUBJECT_TRAP_NONE) {
		e.test.failures++;
		printf("%s:%d: it doesn't return\n", trap.file ? trap.file : "?",
		       trap.line);
	}
	printf("%s %s\n", e.test.failures ? "not ok" : "ok", c->name);
	return e.test.failures;
}

int main(void)
{
	int code = 0;

	for (struct kunit_suite *s = kunit_suites; s; s = s->next)
		for (struct kunit_case *c = s->test_cases; c->run_case; c++)
			code |= fails(c);
	return code;
}
