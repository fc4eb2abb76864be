/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A DMA API that knows who owns what, and what maps pins on top of it.
 */
#ifndef _VMA_OWNER_SHADOW_H
#define _VMA_OWNER_SHADOW_H

#include <linux/dma-buf-sync.h>
#include "vma_owner_kunit.h"

#define VO_LINES	64	/* of a page */
#define VO_LINE		(PAGE_SIZE / VO_LINES)

/*
 * What a device that is not coherent sees of a page: @ram is what is in memory,
 * @seen what of it the CPU has in its cache. A sync for the device writes back
 * lines that differ from @seen; one for the CPU drops them. Of a device that
 * bounces, @ram is the bounce buffer.
 */
struct vo_dma_page {
	unsigned long	pfn;
	u64		device;		/* lines that the device owns */
	u8		*ram;
	u8		*seen;
};

/*
 * One case uses this at a time; see vma_owner_handover_kunit.c for how. By
 * default a device that is not coherent and has no IOMMU.
 */
struct vo_dma {
	spinlock_t	lock;		/* of all this */
	struct vo_dma_page pages[4 * VO_PAGES];
	unsigned int	live;		/* mappings */
	unsigned int	to_device;	/* hand-overs */
	unsigned int	to_cpu;
	unsigned int	read_only;	/* to_cpu of what the device only reads */
	unsigned int	lost;		/* unmapped, and still the device's */
	unsigned int	fail_at;	/* the mapping that fails, 1 the next */
	unsigned int	calls;		/* for whole tables that do either */
	unsigned int	longest;	/* segment mapped */
	size_t		flushed;	/* bytes of the kernel's mapping */
	size_t		invalidated;
	unsigned int	flushed_after;	/* so many calls */
	unsigned int	invalidated_after;
	unsigned int	alignment;	/* of what the device may write; none if 0 */
	unsigned int	max_seg_size;
	unsigned long	boundary;	/* as a mask; none if 0 */
	dma_addr_t	shift;		/* of what the device sees */
	bool		twice;		/* the same memory at once */
	bool		coherent;	/* no syncs, unless it bounces */
	bool		bounces;
	bool		ops;		/* DMA operations of its own, without an IOMMU */
	dma_addr_t	iova;		/* where ranges are, with an IOMMU */
	unsigned long	granules[4 * VO_PAGES];	/* pfns behind @iova */
	unsigned int	nr_granules;
	dma_addr_t	odd[2 * VO_PAGES];	/* not whole granules: bounced there */
	unsigned int	nr_odd;
	unsigned int	ranges;		/* that are allocated */
	size_t		linked;		/* bytes of them */
	int		link_err;	/* of the one that fails */
};

extern struct vo_dma vo_dma;

/* Of a dma-buf that the shadow maps */
extern const struct vma_owner_mock_dma vo_dma_shadow;

bool vo_dma_owns(phys_addr_t phys, size_t len);
bool vo_is_device(struct page *page);
void vo_dma_start(void);
void vo_dma_watch(struct kunit *test, struct page *page);
void vo_dma_watch_all(struct kunit *test, struct page **pages);
void vo_dev_write(struct page **pages, size_t off, size_t len, u8 v);
bool vo_dev_reads(struct page **pages, size_t off, size_t len, u8 v);
void vo_cpu_write(struct page **pages, size_t off, size_t len, u8 v);
bool vo_cpu_reads(struct page **pages, size_t off, size_t len, u8 v);

/*
 * Once more what maps pins, and what exporters sync their importers by, but on top
 * of vo_dma: as vo_map_dma(), vo_sync_for_cpu() and so on. No DMA API of the machine
 * that the tests run on need be able to do this.
 */
void vo_may_lock_any(void);
int vo_pin_lock(struct vma_pin *pin);
void vo_pin_unlock(struct vma_pin *pin);
int vo_attach(struct vma_pin *pin, struct device *dev);
struct sg_table *vo_map_dma_locked(struct vma_pin *pin, enum dma_data_direction dir);
struct sg_table *vo_dma_table(struct vma_pin *pin);
struct dma_resv *vo_resv(struct vma_pin *pin);
void vo_unmap_dma_locked(struct vma_pin *pin);
void *vo_vmap_locked(struct vma_pin *pin, enum dma_data_direction dir);
void *vo_vaddr(struct vma_pin *pin);
void vo_vunmap_locked(struct vma_pin *pin);
const struct vma_owner_extents *vo_get_extents_locked(struct vma_pin *pin);
void vo_put_extents_locked(struct vma_pin *pin);
struct sg_table *vo_map_dma(struct vma_pin *pin, struct device *dev,
			    enum dma_data_direction dir);
void vo_unmap_dma(struct vma_pin *pin);
void *vo_vmap_pin(struct vma_pin *pin, enum dma_data_direction dir);
void vo_vunmap_pin(struct vma_pin *pin);
void vo_for_device_locked(struct vma_pin *pin);
void vo_for_cpu_locked(struct vma_pin *pin);
int vo_for_device(struct vma_pin *pin);
int vo_for_cpu(struct vma_pin *pin);

void vo_sync_init(struct dma_buf_sync_list *list);
int vo_sync_add(struct dma_buf_sync_list *list, struct device *dev,
		struct sg_table *sgt, enum dma_data_direction dir);
void vo_sync_del(struct dma_buf_sync_list *list, struct sg_table *sgt);
void vo_sync_for_cpu(struct dma_buf_sync_list *list,
		     enum dma_data_direction dir);
void vo_sync_for_device(struct dma_buf_sync_list *list,
			enum dma_data_direction dir);

#endif
