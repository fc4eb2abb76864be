/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mock owner for KUnit tests of drivers that pin memory by user address.
 *
 * It is a file with four pages. Give vma_owner_mock() what it shall be, map it by
 * vma_owner_mock_mmap(), let the driver pin it, and see by
 * vma_owner_mock_is_idle() that nothing was left behind. A test that failed may
 * leave pages to the driver for good, but no test frees what a driver holds.
 */
#ifndef _KUNIT_VMA_OWNER_H
#define _KUNIT_VMA_OWNER_H

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
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

/* @tryget_err, @map_err: what the next calls answer with */
struct vma_owner_mock {
	struct kunit			*test;
	unsigned int			what;
	struct file			*file;
	struct page			*pages[VOM_PAGES];
	struct vma_owner_obj_ops	ops;
	struct vma_owner_revoke		*revoke;
	int				tryget_err;
	int				map_err;
	struct sg_table			*sgt;	/* last one of the dma-buf */
	atomic_t			refs;	/* of the core and of dma-bufs */
	atomic_t			maps;	/* extents and mappings */
	atomic_t			tries;
	atomic_t			begins;	/* CPU access of the dma-buf */
	atomic_t			ends;
};

static inline void vom_put(void *obj)
{
	struct vma_owner_mock *m = obj;

	atomic_dec(&m->refs);
}

static inline int vom_tryget(const struct vma_owner_query *q,
			     struct vma_owner_ref *ref)
{
	struct vma_owner_mock *m = q->private_data;

	atomic_inc(&m->tries);
	if (m->tryget_err)
		return m->tryget_err;
	atomic_inc(&m->refs);
	ref->ops = &m->ops;
	ref->obj = m;
	ref->offset = (u64)q->pgoff << PAGE_SHIFT;
	ref->size = VOM_SIZE;
	return 0;
}

static inline int vom_get_extents(void *obj, u64 offset, u64 len,
				  struct vma_owner_extents *x)
{
	struct vma_owner_mock *m = obj;
	size_t piece = m->what & VOM_HALVES ? PAGE_SIZE / 2 : PAGE_SIZE;

	if (m->map_err)
		return m->map_err;
	x->vec = kzalloc_objs(*x->vec, VOM_SIZE / piece);
	if (!x->vec)
		return -ENOMEM;
	for (; len; x->nr++) {
		size_t skip = offset & (piece - 1);
		u64 page = m->what & VOM_HALVES ? x->nr : offset >> PAGE_SHIFT;

		x->vec[x->nr].paddr = skip +
			page_to_phys(m->pages[page % VOM_PAGES]);
		x->vec[x->nr].len = min_t(u64, len, piece - skip);
		offset += x->vec[x->nr].len;
		len -= x->vec[x->nr].len;
	}
	x->type = VMA_OWNER_RAM;
	atomic_inc(&m->maps);
	return 0;
}

static inline void vom_put_extents(void *obj, struct vma_owner_extents *x)
{
	struct vma_owner_mock *m = obj;

	atomic_dec(&m->maps);
	kfree(x->vec);
}

static inline struct vma_owner_revoke *vom_revocable(void *obj)
{
	struct vma_owner_mock *m = obj;

	return m->revoke;
}

static inline struct sg_table *vom_buf_map(struct dma_buf_attachment *attach,
					   enum dma_data_direction dir)
{
	struct vma_owner_mock *m = attach->dmabuf->priv;
	struct sg_table *sgt;
	int ret;

	if (m->map_err)
		return ERR_PTR(m->map_err);
	sgt = kzalloc_obj(*sgt);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages(sgt, m->pages, VOM_PAGES, 0, VOM_SIZE,
					GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (ret)
		goto err_free_table;
	m->sgt = sgt;
	atomic_inc(&m->maps);
	return sgt;

err_free_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(ret);
}

static inline void vom_buf_unmap(struct dma_buf_attachment *attach,
				 struct sg_table *sgt,
				 enum dma_data_direction dir)
{
	struct vma_owner_mock *m = attach->dmabuf->priv;

	atomic_dec(&m->maps);
	m->sgt = NULL;
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static inline int vom_buf_begin(struct dma_buf *dmabuf,
				enum dma_data_direction dir)
{
	struct vma_owner_mock *m = dmabuf->priv;

	atomic_inc(&m->begins);
	return 0;
}

static inline int vom_buf_end(struct dma_buf *dmabuf,
			      enum dma_data_direction dir)
{
	struct vma_owner_mock *m = dmabuf->priv;

	atomic_inc(&m->ends);
	return 0;
}

static inline void vom_buf_release(struct dma_buf *dmabuf)
{
	vom_put(dmabuf->priv);
}

static inline struct dma_buf *vom_get_dmabuf(void *obj)
{
	static const struct dma_buf_ops ops = {
		.map_dma_buf	= vom_buf_map,
		.unmap_dma_buf	= vom_buf_unmap,
		.begin_cpu_access = vom_buf_begin,
		.end_cpu_access	= vom_buf_end,
		.release	= vom_buf_release,
	};
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct vma_owner_mock *m = obj;
	struct dma_buf *dmabuf;

	info.ops = &ops;
	info.size = VOM_SIZE;
	info.flags = O_RDWR;
	info.priv = m;
	dmabuf = dma_buf_export(&info);
	if (!IS_ERR(dmabuf))
		atomic_inc(&m->refs);
	return dmabuf;
}

/* As it is mapped: by dma_map_sgtable(), with nothing left out */
static inline enum vma_owner_sync vom_sync(void *obj)
{
	return VMA_OWNER_SYNC_DMA;
}

static inline vm_fault_t vom_fault(struct vm_fault *vmf)
{
	struct vma_owner_mock *m = vmf->vma->vm_private_data;
	struct page *page;

	if (vmf->pgoff >= VOM_PAGES)
		return VM_FAULT_SIGBUS;
	page = m->pages[vmf->pgoff];
	if (!(m->what & VOM_ORDINARY))
		return vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
				      page_to_pfn(page));
	get_page(page);
	vmf->page = page;
	return 0;
}

static inline int vom_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	static const struct vma_owner_ops owner_ops = { .tryget = vom_tryget };
	static const struct vm_operations_struct nobodys = {
		.fault		= vom_fault,
	};
	static const struct vm_operations_struct owned = {
		.fault		= vom_fault,
		.owner_ops	= &owner_ops,
	};
	struct vma_owner_mock *m = file->private_data;

	if (!(m->what & VOM_ORDINARY))
		vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = m->what & (VOM_ORDINARY | VOM_NOBODYS) ? &nobodys : &owned;
	vma->vm_private_data = m;
	return 0;
}

static inline int vom_fence_release(struct inode *inode, struct file *file)
{
	complete(file->private_data);
	return 0;
}

/*
 * Waits for the files that kernel threads have put. flush_delayed_fput() releases
 * those that are listed, the last one first, and does not wait for a worker that has
 * begun with what was listed before; so one more is left to that worker.
 */
static inline void vom_wait_for_fput(void)
{
	static const struct file_operations fops = {
		.owner		= THIS_MODULE,
		.release	= vom_fence_release,
	};
	DECLARE_COMPLETION_ONSTACK(done);
	struct file *file;

	flush_delayed_fput();
	if (!(current->flags & PF_KTHREAD))
		return;
	file = anon_inode_getfile("[fence]", &fops, &done, O_RDWR);
	if (IS_ERR(file))
		return;
	fput(file);
	wait_for_completion(&done);
}

static inline void vom_free(void *data)
{
	struct vma_owner_mock *m = data;
	unsigned int i;

	fput(m->file);
	vom_wait_for_fput();
	for (i = 0; i < VOM_PAGES; i++)
		put_page(m->pages[i]);
	vma_owner_revoke_put(m->revoke);
	kfree(m);
}

static inline struct page *vom_pages(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO,
					get_order(VOM_SIZE));

	KUNIT_ASSERT_NOT_NULL(test, page);
	split_page(page, get_order(VOM_SIZE));
	return page;
}

static inline struct vma_owner_mock *vma_owner_mock(struct kunit *test,
						    unsigned int what)
{
	static const struct file_operations fops = {
		.owner	= THIS_MODULE,
		.mmap	= vom_file_mmap,
	};
	static const struct vma_owner_revoke_ops revoke_ops = { .name = "mock" };
	struct vma_owner_mock *m = kzalloc_obj(*m);
	struct page *page;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->what = what;
	m->ops.name = "mock";
	m->ops.module = THIS_MODULE;
	m->ops.put = vom_put;
	m->ops.get_extents = vom_get_extents;
	m->ops.put_extents = vom_put_extents;
	if (what & VOM_DMABUF) {
		m->ops.get_dmabuf = vom_get_dmabuf;
		m->ops.sync = vom_sync;
	}
	if (what & VOM_REVOCABLE)
		m->ops.revocable = vom_revocable;
	page = vom_pages(test);
	for (i = 0; i < VOM_PAGES; i++)
		m->pages[i] = page + (what & VOM_SCATTERED ?
				      VOM_PAGES - 1 - i : i);
	if (what & VOM_REVOCABLE) {
		m->revoke = vma_owner_revoke_create(&revoke_ops, m);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->revoke);
	}
	m->file = anon_inode_create_getfile("[vma_owner_mock]", &fops, m, O_RDWR,
					    NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->file);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, vom_free, m), 0);
	KUNIT_ASSERT_EQ(test, kunit_attach_mm(), 0);
	return m;
}

/* Map @m, with a hole before and behind it, and fault its pages in */
static inline unsigned long vma_owner_mock_mmap(struct vma_owner_mock *m,
						unsigned long prot)
{
	unsigned long addr = vm_mmap(NULL, 0, VOM_SIZE + 2 * PAGE_SIZE,
				     PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);

	KUNIT_ASSERT_FALSE(m->test, IS_ERR_VALUE(addr));
	vm_munmap(addr, VOM_SIZE + 2 * PAGE_SIZE);
	addr += PAGE_SIZE;
	KUNIT_ASSERT_EQ(m->test, vm_mmap(m->file, addr, VOM_SIZE, prot,
					 MAP_SHARED | MAP_FIXED, 0), addr);
	KUNIT_ASSERT_EQ(m->test, 0,
			fault_in_readable((char __user *)addr, VOM_SIZE));
	return addr;
}

/* Replace the last half of a mapping by ordinary memory, or by nothing */
static inline void vma_owner_mock_cut(struct vma_owner_mock *m,
				      unsigned long addr, bool ordinary)
{
	unsigned long half = addr + VOM_SIZE / 2;

	KUNIT_ASSERT_EQ(m->test, vm_munmap(half, VOM_SIZE / 2), 0);
	if (ordinary)
		KUNIT_ASSERT_EQ(m->test, half,
				vm_mmap(NULL, half, VOM_SIZE / 2,
					PROT_READ | PROT_WRITE, MAP_PRIVATE |
					MAP_ANONYMOUS | MAP_FIXED, 0));
}

/* A page of private anonymous memory */
static inline unsigned long vma_owner_mock_anon(struct kunit *test,
						unsigned long prot)
{
	unsigned long addr = vm_mmap(NULL, 0, PAGE_SIZE, prot,
				     MAP_PRIVATE | MAP_ANONYMOUS, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

/* Does nobody but the mock and its mappings hold anything? */
static inline bool vma_owner_mock_is_idle(struct vma_owner_mock *m)
{
	unsigned int i;

	vom_wait_for_fput();
	if (atomic_read(&m->refs) || atomic_read(&m->maps) ||
	    atomic_read(&m->begins) != atomic_read(&m->ends))
		return false;
	for (i = 0; i < VOM_PAGES; i++)
		if (folio_maybe_dma_pinned(page_folio(m->pages[i])))
			return false;
	return true;
}

/* Does the device have what is mapped? */
static inline bool vma_owner_mock_is_device(void)
{
#if IS_ENABLED(CONFIG_VMA_OWNER_KUNIT_TEST)
	return atomic_read(&vma_pins_handed_over) > 0;
#else
	return true;	/* nobody counts */
#endif
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

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
static inline void *vom_failslab(struct kunit *test, const char *name)
{
	struct dentry *dir = debugfs_lookup("failslab", NULL);
	struct dentry *file = dir ? debugfs_lookup(name, dir) : NULL;
	void *data;

	KUNIT_ASSERT_NOT_NULL(test, file);
	data = d_inode(file)->i_private;
	dput(file);
	dput(dir);
	return data;
}

/*
 * Call @call again and again, with the first allocation failing, then the second,
 * until it has no more to fail. What @call got it lets go of; it tells 0 or an
 * errno. Returns how often it failed.
 */
static inline unsigned int vma_owner_mock_fail_nth(struct kunit *test,
						   int (*call)(void *data),
						   void *data)
{
	bool *ignore = vom_failslab(test, "ignore-gfp-wait");
	u32 *verbose = vom_failslab(test, "verbose");
	unsigned int nth = 0, failures = 0;
	bool failed;
	int ret;

	*ignore = false;
	*verbose = 0;
	do {
		current->fail_nth = ++nth;
		ret = call(data);
		failed = !current->fail_nth;
		current->fail_nth = 0;
		/* Debugging options allocate, too, and do without if need be */
		if (!failed || !ret)
			continue;
		failures++;
		KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", nth);
	} while (failed && nth < 100);
	*ignore = true;
	*verbose = 2;
	KUNIT_EXPECT_EQ(test, ret, 0);
	return failures;
}
#else
static inline unsigned int vma_owner_mock_fail_nth(struct kunit *test,
						   int (*call)(void *data),
						   void *data)
{
	kunit_skip(test, "needs CONFIG_FAILSLAB");
}
#endif

#endif
