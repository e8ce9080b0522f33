/* SPDX-License-Identifier: GPL-2.0-only */
/* Last before the sliced files: from here on, loops burn fuel. */
#define while(...) while (shim_burn(__FILE__, __LINE__) && (__VA_ARGS__))
