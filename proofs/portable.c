// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's math64.h as a compiler without 128-bit numbers sees it.
 */
#include "shim/kernel.h"
#undef CONFIG_ARCH_SUPPORTS_INT128
#include "host/include/asm-generic/div64.h"
#include "host/include/linux/math64.h"
#include "portable.h"

u64 portable_mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return mul_u64_u64_shr(a, b, shift);
}

u64 portable_mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	return mul_u64_u32_shr(a, mul, shift);
}

u64 portable_mul_u64_u32_div(u64 a, u32 mul, u32 divisor)
{
	return mul_u64_u32_div(a, mul, divisor);
}
