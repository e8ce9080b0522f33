// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "plant.h"

const struct plant_info plant_info[PLANT_NR] = {
#define PLANT(id, slug, laws, what) [PLANT_##id] = { slug, laws, what },
#include "plants.h"
#undef PLANT
};

u32 plant_on;
u64 plant_reached, plant_triggered;

enum plant plant_by_slug(const char *slug)
{
	for (u32 i = 1; i < PLANT_NR; i++)
		if (!strcmp(plant_info[i].slug, slug))
			return i;
	return PLANT_NONE;
}
