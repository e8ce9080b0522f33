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

extern u32 shim_fuel;
_Noreturn void shim_out_of_fuel(const char *file, int line);

void plant_loop(enum plant plant, bool stuck)
{
	u64 on = planted(plant, 0, stuck);

	while (on)
		if (!--shim_fuel)
			shim_out_of_fuel(__FILE__, __LINE__);
}

enum plant plant_by_slug(const char *slug)
{
	for (u32 i = 1; i < PLANT_NR; i++)
		if (!strcmp(plant_info[i].slug, slug))
			return i;
	return PLANT_NONE;
}
