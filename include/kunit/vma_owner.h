/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mock owner for KUnit tests of drivers that pin memory by user address.
 *
 * It is a file with four pages. Give vma_owner_mock() what it shall be, map it by
 * vma_owner_mock_mmap(), let the driver pin it, and see by
 * vma_owner_mock_is_idle() that nothing was left behind. A test that failed may
 * leave pages to the driver for good, but no test frees what a driver holds.
 *
 * Select VMA_OWNER_MOCK, and import the namespace EXPORTED_FOR_KUNIT_TESTING.
 */
#ifndef _KUNIT_VMA_OWNER_H
#define _KUNIT_VMA_OWNER_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>

#define VOM_PAGES	4
#define VOM_SIZE	(VOM_PAGES * PAGE_SIZE)

/* What vma_owner_mock() makes */
#define VOM_ORDINARY	BIT(0)	/* ordinary pages without owner */
#define VOM_NOBODYS	BIT(1)	/* VM_PFNMAP without owner */
#define VOM_DMABUF	BIT(2)	/* has a dma-buf; extents if not */
#define VOM_REVOCABLE	BIT(3)
#define VOM_SCATTERED	BIT(4)	/* no page follows the one before it */
#define VOM_HALVES	BIT(5)	/* with it: extents of half a page each */

struct vo;

/* How a dma-buf is mapped and synced: as dma_map_sgtable() and its kind do */
struct vma_owner_mock_dma {
	int (*map)(struct device *dev, struct sg_table *sgt,
		   enum dma_data_direction dir, unsigned long attrs);
	void (*unmap)(struct device *dev, struct sg_table *sgt,
		      enum dma_data_direction dir, unsigned long attrs);
	void (*for_cpu)(struct device *dev, struct sg_table *sgt,
			enum dma_data_direction dir);
	void (*for_device)(struct device *dev, struct sg_table *sgt,
			   enum dma_data_direction dir);
};

/*
 * A buffer. @users is its driver's own counter: one for the registration, one
 * for each reference the core has, one for each dma-buf and, if @vma_counts (as
 * in videobuf2), one for each VMA; else (as in vfio) VMAs hold only the file.
 */
struct vma_owner_mock {
	struct kunit			*test;
	struct vo			*vo;		/* these two are the */
	struct list_head		node;		/* core's tests' own */
	atomic_t			alive;		/* itself and its file */
	refcount_t			users;
	bool				registered;
	bool				dead;
	bool				vma_counts;
	bool				pfnmap;
	struct file			*file;
	size_t				size;
	struct page			*pages[VOM_PAGES];
	const struct vm_operations_struct *vm_ops;
	struct vma_owner_obj_ops	ops;
	const struct vma_owner_obj_ops	*shown_ops;	/* @ops if not set */
	struct vma_owner_revoke		*revoke;
	bool				own_lock;	/* keeps out faults */
	struct rw_semaphore		memory_lock;
	bool				off;		/* guarded by it */
	struct vma_owner_query		query;		/* the last one */
	u64				shift;		/* of what it shows */
	enum vma_owner_memtype		type;
	struct p2pdma_provider		*provider;
	bool				fixed_cached;	/* RAM_FIXED */

	/* The next call of that kind answers with this */
	int				tryget_err;
	int				extents_err;
	int				vmap_err;
	int				attach_err;
	int				map_err;
	int				begin_err;
	int				end_err;
	const struct vma_owner_mock_dma	*dma;
	enum vma_owner_sync		sync;
	size_t				extents_short;
	bool				halves;
	bool				vmap_iomem;

	/* Called in the middle of things, if set */
	void				(*in_revocable)(struct vma_owner_mock *obj);
	void				(*in_extents)(struct vma_owner_mock *obj);
	void				(*in_fault)(struct vma_owner_mock *obj);
	void				(*in_put)(struct vma_owner_mock *obj);
	int				(*in_mmap)(struct file *file,
						   struct vm_area_struct *vma);
	void				(*in_zap)(struct vma_owner_mock *obj);
	void				(*mapped)(struct vma_owner_mock *obj);
	struct completion		entered;
	struct completion		go;

	struct {
		atomic_t tryget, got, put, open, close, fault, zap;
		atomic_t extents, put_extents, vmap, vunmap;
		atomic_t get_dmabuf, attach, detach, pin, unpin, map, unmap;
		atomic_t begin_cpu, end_cpu;
	} n;
	int				zapped_at;
	int				undone_at;	/* extents, last put */
	spinlock_t			vecs_lock;	/* guards @vecs */
	struct list_head		vecs;

	struct dma_buf			*dmabuf;	/* the last one, uncounted */
	bool				dynamic;	/* its last attachment */
	bool				peer2peer;
	struct sg_table			*sgt;		/* its last mapping */
	struct device			*sgt_dev;	/* NULL if undone */
	enum dma_data_direction		sgt_dir;
	enum dma_data_direction		begin_dir;	/* the last one */
	enum dma_data_direction		end_dir;
};

struct vma_owner_mock *vma_owner_mock(struct kunit *test, unsigned int what);
unsigned long vma_owner_mock_mmap(struct vma_owner_mock *m, unsigned long prot);
void vma_owner_mock_cut(struct vma_owner_mock *m, unsigned long addr,
			bool ordinary);
unsigned long vma_owner_mock_area(struct kunit *test, unsigned int pages);
unsigned long vma_owner_mock_anon(struct kunit *test, unsigned long prot);
bool vma_owner_mock_is_idle(struct vma_owner_mock *m);
unsigned int vma_owner_mock_fail_nth(struct kunit *test,
				     int (*call)(void *data), void *data);

/* References that the core and dma-bufs have */
static inline unsigned int vma_owner_mock_refs(struct vma_owner_mock *m)
{
	return refcount_read(&m->users) - m->registered;
}

/* GUP marks pages dirty as well, so forget that before the driver lets go */
static inline void vma_owner_mock_clean(struct vma_owner_mock *m)
{
	unsigned int i;

	for (i = 0; i < VOM_PAGES; i++)
		ClearPageDirty(m->pages[i]);
}

static inline unsigned int vma_owner_mock_dirty(struct vma_owner_mock *m)
{
	unsigned int i, n = 0;

	for (i = 0; i < VOM_PAGES; i++)
		n += PageDirty(m->pages[i]);
	return n;
}

static inline phys_addr_t vma_owner_mock_phys(struct vma_owner_mock *m,
					      unsigned long offset)
{
	return page_to_phys(m->pages[offset >> PAGE_SHIFT]) +
	       offset_in_page(offset);
}

#endif
