/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What 5.10 has otherwise than 6.1. Each part says why. linux/vma_owner_compat.h, which
 * serves both, includes it.
 */
#ifndef _LINUX_VMA_OWNER_OLDER_H
#define _LINUX_VMA_OWNER_OLDER_H

#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/swiotlb.h>
#include <linux/wait_bit.h>

/* In linux/limits.h since 5.18 */
#ifndef SSIZE_MAX
#define SSIZE_MAX	((ssize_t)(SIZE_MAX >> 1))
#endif

/* Wake-up helpers of atomics came with 6.13 */
static inline bool atomic_dec_and_wake_up(atomic_t *v)
{
	if (!atomic_dec_and_test(v))
		return false;
	wake_up_var(v);
	return true;
}

/* find_vma() alone may answer with a VMA above @addr */
static inline struct vm_area_struct *vma_lookup(struct mm_struct *mm,
						unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && addr >= vma->vm_start ? vma : NULL;
}

/* is_cow_mapping() is private to mm/ */
static inline bool vma_is_cow_mapping(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

enum pci_p2pdma_map_type {
	PCI_P2PDMA_MAP_NOT_SUPPORTED,
	PCI_P2PDMA_MAP_BUS_ADDR,
	PCI_P2PDMA_MAP_THRU_HOST_BRIDGE,
};

/*
 * An arm without SWIOTLB maintains caches by DMA operations of its own. The DMA API
 * takes all devices for coherent there; the architecture knows better.
 */
#if defined(CONFIG_ARM) && !defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE)
static inline bool vma_compat_is_coherent(struct device *dev)
{
	return dev->archdata.dma_coherent;
}

#define dev_is_dma_coherent	vma_compat_is_coherent
#endif

/*
 * May a device with DMA operations of its own bounce? One that is coherent has no
 * other reason to sync, and dmabounce names no limit.
 */
static inline bool vma_compat_may_bounce(struct device *dev)
{
#ifdef CONFIG_DMABOUNCE
	if (dev->archdata.dmabounce)
		return true;
#endif
	return dev_is_dma_coherent(dev) ||
	       dma_max_mapping_size(dev) != SIZE_MAX;
}

/* The same under another name, with the last entry as its result */
static inline int
sg_alloc_table_from_pages_segment(struct sg_table *sgt, struct page **pages,
				  unsigned int nr, unsigned int offset,
				  unsigned long size, unsigned int max_segment,
				  gfp_t gfp)
{
	return PTR_ERR_OR_ZERO(__sg_alloc_table_from_pages(sgt, pages, nr,
							   offset, size,
							   max_segment, NULL, 0,
							   gfp));
}

/* A dma_resv has one exclusive fence, which is what moves and clears use */
enum dma_resv_usage {
	DMA_RESV_USAGE_KERNEL,
	DMA_RESV_USAGE_WRITE,
	DMA_RESV_USAGE_READ,
};

static inline enum dma_resv_usage dma_resv_usage_rw(bool write)
{
	return write ? DMA_RESV_USAGE_READ : DMA_RESV_USAGE_WRITE;
}

static inline long dma_resv_wait_timeout(struct dma_resv *resv,
					 enum dma_resv_usage usage, bool intr,
					 unsigned long timeout)
{
	return dma_resv_wait_timeout_rcu(resv, usage == DMA_RESV_USAGE_READ,
					 intr, timeout);
}

static inline int dma_resv_reserve_fences(struct dma_resv *resv,
					  unsigned int nr)
{
	return dma_resv_reserve_shared(resv, nr);
}

static inline void dma_resv_add_fence(struct dma_resv *resv,
				      struct dma_fence *fence,
				      enum dma_resv_usage usage)
{
	if (usage == DMA_RESV_USAGE_KERNEL)
		dma_resv_add_excl_fence(resv, fence);
	else
		dma_resv_add_shared_fence(resv, fence);
}

/* vmap returns the address, NULL for any error, and cannot tell I/O memory */
static inline int dma_buf_vmap_unlocked(struct dma_buf *dmabuf,
					struct iosys_map *map)
{
	iosys_map_set_vaddr(map, dma_buf_vmap(dmabuf));
	return map->vaddr ? 0 : -ENOMEM;
}

static inline void dma_buf_vunmap_unlocked(struct dma_buf *dmabuf,
					   struct iosys_map *map)
{
	dma_buf_vunmap(dmabuf, map->vaddr);
}

/* Pools that grow came with 6.6, those of a device with 5.15 */
static inline bool swiotlb_find_pool(struct device *dev, phys_addr_t paddr)
{
	return is_swiotlb_buffer(paddr);
}

static inline bool vma_compat_swiotlb_active(struct device *dev)
{
	return is_swiotlb_active() && swiotlb_force != SWIOTLB_NO_FORCE;
}

#define is_swiotlb_active	vma_compat_swiotlb_active

#endif
