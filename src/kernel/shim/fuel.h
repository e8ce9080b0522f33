/* SPDX-License-Identifier: GPL-2.0-only */
/* Last before the sliced files: from here on, loops burn fuel. */
#define while(...) while (shim_burn(__FILE__, __LINE__) && (__VA_ARGS__))

/*
 * The VM's and the host's state all lies in two sections, so that forgetting
 * it is one memset and one memcpy, and complete.
 */
#pragma clang section bss = "cf_state" data = "cf_state_init"
