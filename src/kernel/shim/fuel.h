/* SPDX-License-Identifier: GPL-2.0-only */
/* Last before the sliced files: from here on, loops burn fuel. */
#ifndef CF_PROOF
#define while(...) while (shim_burn(__FILE__, __LINE__) && (__VA_ARGS__))
#endif
