/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CF_PORTABLE_H
#define CF_PORTABLE_H

u64 portable_mul_u64_u64_shr(u64 a, u64 b, unsigned int shift);
u64 portable_mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift);
u64 portable_mul_u64_u32_div(u64 a, u32 mul, u32 divisor);

#endif
