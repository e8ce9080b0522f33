/* SPDX-License-Identifier: GPL-2.0-only */
/* PLANT(ID, slug, laws that may find it, what is wrong) */
