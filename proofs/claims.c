// SPDX-License-Identifier: GPL-2.0-only
#include "claims.h"
#include "../src/kernel/adapter.h"
#include "../src/oracle/pure.h"

void claim_scale_exact(int s, u64 delta, u32 mul)
{
	law_scale_delta(delta, mul, s, host_scale_delta(delta, mul, s));
}

void claim_scale_monotonic(int s, u64 lo, u64 hi, u32 mul)
{
	law_scale_delta_monotonic(lo, hi, host_scale_delta(lo, mul, s),
				  host_scale_delta(hi, mul, s), mul, s);
}

void claim_read_forward(int s, u64 system_time, u64 tsc_timestamp, u32 mul, u64 tsc)
{
	if (tsc >= tsc_timestamp)
		law_pvclock_read(system_time, tsc_timestamp, mul, s, tsc,
			guest_pvclock_read(system_time, tsc_timestamp, mul, s, tsc));
}

void claim_read_behind(int s, u64 system_time, u64 tsc_timestamp, u32 mul, u64 tsc)
{
	if (tsc < tsc_timestamp)
		law_pvclock_read(system_time, tsc_timestamp, mul, s, tsc,
			guest_pvclock_read(system_time, tsc_timestamp, mul, s, tsc));
}

void claim_page_params(int s, u32 mul, u64 system_time, u64 tsc_timestamp)
{
	u64 scale = 0;
	s64 offset = 0;
	bool ok = host_hv_page_params(mul, s, system_time, tsc_timestamp, &scale, &offset);

	law_hv_page_params(mul, s, system_time, tsc_timestamp, ok, scale, offset);
}

void claim_page_agrees(int s, u32 mul, u64 system_time, u64 tsc_timestamp, u64 tsc)
{
	u64 scale = 0, ticks = 0;
	s64 offset = 0;
	bool ok = host_hv_page_params(mul, s, system_time, tsc_timestamp, &scale, &offset);

	if (ok && guest_hv_page_read(tsc, scale, offset, &ticks))
		law_hv_page_agrees(mul, s, system_time, tsc_timestamp, tsc, ticks);
}

void claim_scale_tsc(int frac, u64 tsc, u64 ratio)
{
	law_scale_tsc(tsc, ratio, frac, host_scale_tsc(tsc, ratio, frac));
}

void claim_tsc_ratio(int frac, u32 host_khz, u32 guest_khz)
{
	u64 ratio = 0;
	bool ok = host_tsc_ratio(host_khz, guest_khz, frac, &ratio);

	law_tsc_ratio(host_khz, guest_khz, frac, ok, ratio);
}

void claim_nested_offset(int frac, u64 l1, u64 l2, u64 multiplier)
{
	law_nested_offset(l1, l2, multiplier, frac,
			  host_nested_offset(l1, l2, multiplier, frac));
}

void claim_nested_multiplier(int frac, u64 l1, u64 l2)
{
	law_nested_multiplier(l1, l2, frac, host_nested_multiplier(l1, l2, frac));
}

#define RUN2(name, A, B) \
	static void run_##name(int s, const u64 *in) { claim_##name(s, (A)in[0], (B)in[1]); }
#define RUN3(name, A, B, C) \
	static void run_##name(int s, const u64 *in) \
	{ claim_##name(s, (A)in[0], (B)in[1], (C)in[2]); }
#define RUN4(name, A, B, C, D) \
	static void run_##name(int s, const u64 *in) \
	{ claim_##name(s, (A)in[0], (B)in[1], (C)in[2], (D)in[3]); }

RUN2(scale_exact, u64, u32)
RUN3(scale_monotonic, u64, u64, u32)
RUN4(read_forward, u64, u64, u32, u64)
RUN4(read_behind, u64, u64, u32, u64)
RUN3(page_params, u32, u64, u64)
RUN4(page_agrees, u32, u64, u64, u64)
RUN2(scale_tsc, u64, u64)
RUN2(tsc_ratio, u32, u32)
RUN3(nested_offset, u64, u64, u64)
RUN2(nested_multiplier, u64, u64)

#define CLAIM(n, law, function, sentence, parameter, from, to) \
	{ #n, law, function, sentence, parameter, from, to, run_##n }

const struct claim claims[] = {
	CLAIM(scale_exact, "exact", "pvclock_scale_delta", "", "shift", -31, 31),
	CLAIM(scale_monotonic, "monotonic", "pvclock_scale_delta", "", "shift", -31, 31),
	CLAIM(read_forward, "exact", "__pvclock_read_cycles", "", "shift", -31, 31),
	CLAIM(read_behind, "signed", "__pvclock_read_cycles", "", "shift", -31, 31),
	CLAIM(page_params, "exact", "compute_tsc_page_parameters", "", "shift", -31, 31),
	CLAIM(page_agrees, "agree", "compute_tsc_page_parameters", "", "shift", -25, 31),
	CLAIM(scale_tsc, "exact", "kvm_scale_tsc", "", "fraction bits", 48, 48),
	CLAIM(tsc_ratio, "exact", "set_tsc_khz", "", "fraction bits", 48, 48),
	CLAIM(nested_offset, "exact", "kvm_calc_nested_tsc_offset", "", "fraction bits", 48, 48),
	CLAIM(nested_multiplier, "exact", "kvm_calc_nested_tsc_multiplier", "", "fraction bits", 48, 48),
	{ 0 }
};
