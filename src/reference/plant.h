/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bugs that can be switched on, one at a time: `--plant SLUG`.
 *
 * A bug is a second value beside the right one.  Choosing between them takes no
 * branch, so that no engine learns from coverage that it is near one; the canaries
 * count beside it how often its place was reached, and how often the two values
 * differed, which is when the bug was triggered.
 */
#ifndef CF_PLANT_H
#define CF_PLANT_H

#include "../types.h"

enum plant {
	PLANT_NONE,
#define PLANT(id, slug, laws, what) PLANT_##id,
#include "plants.h"
#undef PLANT
	PLANT_NR
};

struct plant_info {
	const char *slug, *laws, *what;
};

extern const struct plant_info plant_info[PLANT_NR];
extern u32 plant_on;			/* enum plant */
extern u64 plant_reached, plant_triggered;

/* PLANT_NONE when there is no such bug. */
enum plant plant_by_slug(const char *slug);

static inline u64 planted(enum plant plant, u64 right, u64 wrong)
{
	u64 on = plant_on == plant;

	plant_reached += on;
	plant_triggered += on & (right != wrong);
	return right ^ ((right ^ wrong) & -on);
}

/* A loop that doesn't end while @stuck; the guard around the subject finds out. */
void plant_loop(enum plant plant, bool stuck);

#endif
