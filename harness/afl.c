// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFL++'s persistent mode, in the place of libFuzzer's main().  AFL++'s own runtime,
 * afl-compiler-rt.o, speaks with afl-fuzz.
 *
 * The objects are the ones that libFuzzer looks at: their counters are copied to AFL++'s
 * map, of which byte 0 is the runtime's.  That is some 2,000 bytes for the whole subject,
 * little beside the two process switches that an execution costs AFL++.
 */
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include "engine.h"

/* The runtime's. */
extern uint8_t *__afl_area_ptr, *__afl_fuzz_ptr;
extern uint32_t *__afl_fuzz_len, __afl_final_loc;
void __afl_manual_init(void);
int __afl_persistent_loop(unsigned int);

/* Ours for it: inputs come by shared memory. */
int __afl_sharedmem_fuzzing = 1;

static uint8_t *counters;
static size_t nr_counters;

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop);
void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop);

/* Each object calls, before main(), with the counters of all of them. */
void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop)
{
	counters = start;
	nr_counters = stop - start;
	__afl_final_loc = nr_counters;
}

void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop)
{
}

int main(int argc, char **argv)
{
	/* What afl-fuzz looks for in the file. */
	static const char *volatile signature __attribute__((unused));

	signature = "##SIG_AFL_PERSISTENT##";
	signature = "##SIG_AFL_DEFER_FORKSRV##";
	/* Neither this, the fork server, nor its child outlives a killed afl-fuzz. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	LLVMFuzzerInitialize(&argc, &argv);
	__afl_manual_init();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!__afl_fuzz_ptr) {
		fprintf(stderr, "%s: to be run by afl-fuzz\n", *argv);
		return 2;
	}
	while (__afl_persistent_loop(UINT_MAX)) {
		engine_run(__afl_fuzz_ptr, *__afl_fuzz_len);
		memcpy(__afl_area_ptr + 1, counters, nr_counters);
		engine_keep(__afl_fuzz_ptr, *__afl_fuzz_len);
		memset(counters, 0, nr_counters);
	}
	return 0;
}
