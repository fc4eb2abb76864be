/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One range of IOVA for scattered memory comes with 6.16. Without it there is none
 * to be had, and memory is mapped piece by piece. linux/vma_owner_compat.h includes
 * this.
 */
#ifndef _LINUX_VMA_OWNER_IOVA_H
#define _LINUX_VMA_OWNER_IOVA_H

#include <linux/dma-mapping.h>

struct dma_iova_state {
	dma_addr_t addr;
};

static inline bool dma_use_iova(struct dma_iova_state *state)
{
	return false;
}

static inline bool dma_iova_try_alloc(struct device *dev,
				      struct dma_iova_state *state,
				      phys_addr_t phys, size_t size)
{
	return false;
}

static inline int dma_iova_link(struct device *dev,
				struct dma_iova_state *state, phys_addr_t phys,
				size_t offset, size_t size,
				enum dma_data_direction dir,
				unsigned long attrs)
{
	return -EOPNOTSUPP;
}

static inline int dma_iova_sync(struct device *dev,
				struct dma_iova_state *state, size_t offset,
				size_t size)
{
	return -EOPNOTSUPP;
}

static inline void dma_iova_destroy(struct device *dev,
				    struct dma_iova_state *state,
				    size_t mapped_len,
				    enum dma_data_direction dir,
				    unsigned long attrs)
{
}

#endif
