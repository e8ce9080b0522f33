/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an emitted KUnit test needs of KUnit, in userspace: tests/kunit/run.c runs it.
 * The test is included at the end of the sliced kernel files, as in the kernel, so this
 * brings no header: types are the kernel's.
 */
#ifndef CF_KUNIT_TEST_H
#define CF_KUNIT_TEST_H

struct kunit {
	unsigned int failures;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
	struct kunit_suite *next;
};

extern struct kunit_suite *kunit_suites;

int printf(const char *fmt, ...);
void *calloc(__SIZE_TYPE__ nr, __SIZE_TYPE__ size);

#define KUNIT_CASE(function) { .run_case = function, .name = #function }
/* several tests may be included in one file */
#define kunit_test_suite(suite)							\
	__attribute__((constructor)) static void kunit_add_##suite(void)	\
	{									\
		suite.next = kunit_suites;					\
		kunit_suites = &suite;						\
	}
#define kunit_kzalloc(test, size, flags) calloc(1, size)
#define KUNIT_SUCCEED(test) ((void)(test))

/* Both kinds of integer print as they are: the kernel's only differ by their sign. */
#define KUNIT_STUB_COMPARE(test, left, op, right) ({				\
	__typeof__(left) _left = (left);					\
	__typeof__(_left) _right = (right);					\
										\
	if (!(_left op _right)) {						\
		(test)->failures++;						\
		printf("%s:%d: expected %s " #op " %s: %s is %lld\n", __FILE__,	\
		       __LINE__, #left, #right, #left, (long long)_left);	\
	}									\
})
#define KUNIT_EXPECT_EQ(test, left, right) KUNIT_STUB_COMPARE(test, left, ==, right)
#define KUNIT_EXPECT_GE(test, left, right) KUNIT_STUB_COMPARE(test, left, >=, right)
#define KUNIT_EXPECT_LE(test, left, right) KUNIT_STUB_COMPARE(test, left, <=, right)
#define KUNIT_ASSERT_NOT_NULL(test, pointer) \
	KUNIT_STUB_COMPARE(test, (pointer) != (void *)0, ==, 1)

#ifndef S64_MIN
#define S64_MIN (-0x7fffffffffffffffLL - 1)
#endif

#endif
