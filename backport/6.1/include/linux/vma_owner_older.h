/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What 6.1 has otherwise than 5.10. linux/vma_owner_compat.h, which serves both,
 * includes it.
 */
#ifndef _LINUX_VMA_OWNER_OLDER_H
#define _LINUX_VMA_OWNER_OLDER_H

#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/swiotlb.h>

/* Another name */
static inline bool vma_is_cow_mapping(const struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags);
}

/* The dma-buf's own lock orders kernel mappings, not its dma_resv */
static inline int dma_buf_vmap_unlocked(struct dma_buf *dmabuf,
					struct iosys_map *map)
{
	return dma_buf_vmap(dmabuf, map);
}

static inline void dma_buf_vunmap_unlocked(struct dma_buf *dmabuf,
					   struct iosys_map *map)
{
	dma_buf_vunmap(dmabuf, map);
}

/* Pools that grow came with 6.6 */
static inline bool swiotlb_find_pool(struct device *dev, phys_addr_t paddr)
{
	return is_swiotlb_buffer(dev, paddr);
}

#endif
