/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's integer names, for the code outside src/kernel.  They are the
 * same types as in include/asm-generic/int-ll64.h, so that subject.h can be
 * read on both sides of the border.
 */
#ifndef CF_TYPES_H
#define CF_TYPES_H

#include <stdbool.h>
#include <stddef.h>

typedef signed char s8;
typedef unsigned char u8;
typedef signed short s16;
typedef unsigned short u16;
typedef signed int s32;
typedef unsigned int u32;
typedef signed long long s64;
typedef unsigned long long u64;
typedef __int128 s128;
typedef unsigned __int128 u128;

#define CF_NS_PER_SEC 1000000000ull

#endif
