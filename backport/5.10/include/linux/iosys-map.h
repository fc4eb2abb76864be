/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 5.10 has no iosys_map: the part of it that vma_owner uses.
 */
#ifndef _LINUX_IOSYS_MAP_H
#define _LINUX_IOSYS_MAP_H

#include <linux/types.h>

struct iosys_map {
	void	*vaddr;
	bool	is_iomem;
};

static inline void iosys_map_set_vaddr(struct iosys_map *map, void *vaddr)
{
	map->vaddr = vaddr;
	map->is_iomem = false;
}

static inline bool iosys_map_is_null(const struct iosys_map *map)
{
	return !map->vaddr;
}

static inline bool iosys_map_is_set(const struct iosys_map *map)
{
	return map->vaddr;
}

static inline void iosys_map_clear(struct iosys_map *map)
{
	iosys_map_set_vaddr(map, NULL);
}

#endif
