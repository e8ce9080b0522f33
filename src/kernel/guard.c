// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guard around sliced code: loops that don't end, and divide errors.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "../subject.h"

/*
 * The longest honest loop, __iter_div_u64_rem() after a gap without ticks, turns
 * 2^(64 - shift) / 10^9 times, 2,199 at the least shift, 23; an event calls it
 * seven times at most.
 */
#define FUEL 20000u

u32 shim_fuel = FUEL;

static sigjmp_buf guard_env;
static volatile bool guarded;
static struct subject_trap guard_trap;

_Noreturn void shim_out_of_fuel(const char *file, int line);

_Noreturn void shim_out_of_fuel(const char *file, int line)
{
	if (!guarded) {
		fprintf(stderr, "clockfuzz: %s:%d: loop doesn't end\n", file, line);
		abort();
	}
	guard_trap = (struct subject_trap){
		.kind = SUBJECT_TRAP_LOOP, .file = file, .line = line,
	};
	siglongjmp(guard_env, 1);
}

static void on_sigfpe(int sig, siginfo_t *info, void *context)
{
	if (!guarded) {
		signal(sig, SIG_DFL);
		return;
	}
	guard_trap = (struct subject_trap){
		.kind = SUBJECT_TRAP_DIVIDE, .pc = info->si_addr,
	};
	siglongjmp(guard_env, 1);
}

void subject_refuel(void)
{
	shim_fuel = FUEL;
}

void subject_guard(void (*fn)(void *arg), void *arg, struct subject_trap *trap)
{
	static bool installed;

	if (!installed) {
		struct sigaction sa = {
			.sa_sigaction = on_sigfpe,
			.sa_flags = SA_SIGINFO | SA_NODEFER,
		};

		sigaction(SIGFPE, &sa, NULL);
		installed = true;
	}
	shim_fuel = FUEL;
	if (sigsetjmp(guard_env, 0)) {
		guarded = false;
		shim_fuel = FUEL;
		*trap = guard_trap;
		return;
	}
	guarded = true;
	fn(arg);
	guarded = false;
	trap->kind = SUBJECT_TRAP_NONE;
}
