// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: user memory, and the importers that pin it.
 */
#include <linux/dma-fence.h>
#include <linux/kmsg_dump.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "vma_owner_kunit.h"

/* ------------------------------------------------------------------------- */
/* User memory                                                               */

unsigned long vo_area(struct vo *vo, unsigned int pages)
{
	return vma_owner_mock_area(vo->test, pages);
}

void vo_mmap_at(struct vo *vo, struct file *file, unsigned long addr,
		unsigned int first, unsigned int pages,
		unsigned long prot, unsigned long flags)
{
	unsigned long ret = vm_mmap(file, addr, pages << PAGE_SHIFT, prot,
				    flags | MAP_FIXED, first << PAGE_SHIFT);

	KUNIT_ASSERT_EQ(vo->test, ret, addr);
}

void vo_map_at(struct vma_owner_mock *obj, unsigned long addr,
	       unsigned int first, unsigned int pages)
{
	vo_mmap_at(obj->vo, obj->file, addr, first, pages,
		   PROT_READ | PROT_WRITE, MAP_SHARED);
}

unsigned long vo_map_prot(struct vma_owner_mock *obj, unsigned long prot,
			  unsigned long flags)
{
	unsigned long addr = vo_area(obj->vo, VO_PAGES);

	vo_mmap_at(obj->vo, obj->file, addr, 0, VO_PAGES, prot, flags);
	return addr;
}

unsigned long vo_map(struct vma_owner_mock *obj)
{
	return vo_map_prot(obj, PROT_READ | PROT_WRITE, MAP_SHARED);
}

void vo_anon_at(struct vo *vo, unsigned long addr, unsigned int pages,
		unsigned long prot)
{
	vo_mmap_at(vo, NULL, addr, 0, pages, prot, MAP_PRIVATE | MAP_ANONYMOUS);
}

unsigned long vo_anon(struct vo *vo, unsigned int pages)
{
	unsigned long addr = vo_area(vo, pages);

	vo_anon_at(vo, addr, pages, PROT_READ | PROT_WRITE);
	return addr;
}

void vo_unmap(struct vo *vo, unsigned long addr, unsigned int pages)
{
	KUNIT_ASSERT_EQ(vo->test, vm_munmap(addr, pages << PAGE_SHIFT), 0);
}

/* Can user space read and write there? */
bool vo_touch(unsigned long addr)
{
	u8 v;

	return !get_user(v, (u8 __user *)addr) &&
	       !put_user(v, (u8 __user *)addr);
}

u32 vo_peek(struct vo *vo, unsigned long addr)
{
	u32 v = 0;

	KUNIT_EXPECT_EQ(vo->test, get_user(v, (u32 __user *)addr), 0);
	return v;
}

void vo_poke(struct vo *vo, unsigned long addr, u32 v)
{
	KUNIT_EXPECT_EQ(vo->test, put_user(v, (u32 __user *)addr), 0);
}

/* ------------------------------------------------------------------------- */
/* The importers                                                             */

void *vo_kmap(struct vma_pin *pin)
{
	return vma_pin_vmap_unlocked(pin, pin->flags & VMA_PIN_WRITE ?
					  DMA_BIDIRECTIONAL : DMA_FROM_DEVICE);
}

const struct vma_owner_extents *vo_take_extents(struct vma_pin *pin)
{
	const struct vma_owner_extents *x;
	int ret = vma_pin_lock(pin);

	if (ret)
		return ERR_PTR(ret);
	x = vma_pin_get_extents(pin);
	vma_pin_unlock(pin);
	return x;
}

void vo_drop_extents(struct vma_pin *pin)
{
	if (vma_pin_lock(pin))
		return;
	vma_pin_put_extents(pin);
	vma_pin_unlock(pin);
}

/* The lock of the pin is held */
static void *vo_imp_map_locked(struct vo_imp *imp)
{
	if (imp->use_dma)
		return vma_pin_map_dma(&imp->pin, DMA_BIDIRECTIONAL);
	return (void *)vma_pin_get_extents(&imp->pin);
}

int vo_imp_map(struct vo_imp *imp)
{
	void *m;
	int ret = 0;

	if (imp->use_dma)
		ret = vma_pin_attach(&imp->pin, imp->dev);
	if (!ret)
		ret = vma_pin_lock(&imp->pin);
	if (ret)
		return ret;
	imp->want = true;
	m = vo_imp_map_locked(imp);
	vma_pin_unlock(&imp->pin);
	/* A restore may have been faster */
	return m == ERR_PTR(-EBUSY) ? 0 : PTR_ERR_OR_ZERO(m);
}

void vo_imp_unmap(struct vo_imp *imp)
{
	KUNIT_EXPECT_EQ(imp->vo->test, vma_pin_lock(&imp->pin), 0);
	imp->want = false;
	vma_pin_put_extents(&imp->pin);
	vma_pin_unmap_dma(&imp->pin);
	vma_pin_unlock(&imp->pin);
}

/* Is it mapped? Only a second mapping shows whether there are extents */
bool vo_is_mapped(struct vo_imp *imp)
{
	const struct vma_owner_extents *x;

	if (imp->use_dma)
		return vma_pin_dma_table(&imp->pin);
	x = vo_take_extents(&imp->pin);
	if (!IS_ERR(x))
		vo_drop_extents(&imp->pin);
	return PTR_ERR(x) == -EBUSY;
}

static void vo_imp_work(struct work_struct *work)
{
	struct vo_imp *imp = container_of(work, struct vo_imp, work);

	wait_for_completion(&imp->go);
	if (imp->kind == VO_IOMMUFD)
		imp->remap_ret = vo_imp_map(imp);
	else
		vma_pin_exit(&imp->pin);
}

static void vo_imp_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct vo_imp *imp = pin_to_imp(pin);

	atomic_inc(&imp->nr_invalidate);
	mutex_lock(&imp->leaf);
	imp->invalidated_at = vo_tick();
	imp->why = why;
	mutex_unlock(&imp->leaf);
	if (imp->in_invalidate)
		imp->in_invalidate(imp);
	if (imp->by_work)
		queue_work(imp->vo->wq, &imp->work);
	complete(&imp->invalidated);
}

static int vo_imp_restore(struct vma_pin *pin)
{
	struct vo_imp *imp = pin_to_imp(pin);
	int ret;

	atomic_inc(&imp->nr_restore);
	if (imp->in_restore)
		imp->in_restore(imp);
	mutex_lock(&imp->leaf);
	ret = imp->restore_err;
	imp->restore_err = 0;
	mutex_unlock(&imp->leaf);
	if (ret || !imp->want)
		return ret;
	return PTR_ERR_OR_ZERO(vo_imp_map_locked(imp));
}

struct vo_imp *vo_imp(struct vo *vo, enum vo_kind kind)
{
	struct vo_imp *imp = kzalloc_obj(*imp);

	KUNIT_ASSERT_NOT_NULL(vo->test, imp);
	imp->vo = vo;
	imp->kind = kind;
	imp->client.name = "vo-importer";
	if (kind != VO_STATIC)
		imp->client.invalidate = vo_imp_invalidate;
	if (kind == VO_TYPE1)
		imp->client.restore = vo_imp_restore;
	mutex_init(&imp->leaf);
	INIT_WORK(&imp->work, vo_imp_work);
	init_completion(&imp->go);
	init_completion(&imp->invalidated);
	init_completion(&imp->released);
	list_add_tail(&imp->node, &vo->imps);
	return imp;
}

struct device *vo_device(struct vo *vo, const char *name)
{
	struct device *dev = kunit_device_register(vo->test, name);
	u64 mask = DMA_BIT_MASK(64);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, dev);
	KUNIT_ASSERT_EQ(vo->test, dma_coerce_mask_and_coherent(dev, mask), 0);
	return dev;
}

/* An importer with a device to map for */
struct vo_imp *vo_imp_dev(struct vo *vo, enum vo_kind kind)
{
	struct vo_imp *imp = vo_imp(vo, kind);

	imp->dev = vo_device(vo, "dev");
	imp->use_dma = true;
	return imp;
}

int vo_pin_flags(struct vo_imp *imp, unsigned long addr, size_t len,
		 unsigned int flags)
{
	return vma_pin_user(&imp->pin, addr, len, flags, &imp->client);
}

int vo_pin(struct vo_imp *imp, unsigned long addr, size_t len)
{
	return vo_pin_flags(imp, addr, len, VMA_PIN_WRITE);
}

ssize_t vo_prefix(struct vo_imp *imp, unsigned long addr, size_t len)
{
	return vma_pin_user_prefix(&imp->pin, current->mm, addr, len,
				   VMA_PIN_WRITE, &imp->client);
}

/* Most cases start here: all of @obj mapped, and pinned for writing */
struct vo_imp *vo_pinned(struct vma_owner_mock *obj, enum vo_kind kind)
{
	struct vo_imp *imp = vo_imp(obj->vo, kind);

	KUNIT_ASSERT_EQ(obj->test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	return imp;
}

struct vo_imp *vo_pinned_dev(struct vma_owner_mock *obj, enum vo_kind kind)
{
	struct vo_imp *imp = vo_imp_dev(obj->vo, kind);

	KUNIT_ASSERT_EQ(obj->test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	return imp;
}

/* A failed pin leaves nothing behind */
void vo_expect_refused(struct vo_imp *imp, int ret, int want)
{
	struct kunit *test = imp->vo->test;

	KUNIT_EXPECT_EQ(test, ret, want);
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_NULL(test, imp->pin.pages);
	if (!ret)
		vma_unpin(&imp->pin);
}

/* The importer still reaches the memory of @obj */
void vo_expect_whole(struct vo_imp *imp, struct vma_owner_mock *obj)
{
	struct kunit *test = imp->vo->test;
	char *vaddr = vo_kmap(&imp->pin);

	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	KUNIT_EXPECT_FALSE(test, obj->dead);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(vaddr),
			    obj->pages[imp->pin.ref.offset >> PAGE_SHIFT]);
	vma_pin_vunmap_unlocked(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* DMA addresses                                                             */

static u64 vo_dma_len(struct sg_table *sgt)
{
	struct scatterlist *sg;
	u64 len = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		len += sg_dma_len(sg);
	return len;
}

static dma_addr_t vo_dma_at(struct sg_table *sgt, u64 off)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (off < sg_dma_len(sg))
			return sg_dma_address(sg) + off;
		off -= sg_dma_len(sg);
	}
	return DMA_MAPPING_ERROR;
}

/*
 * The DMA API of a device without IOMMU gives a page one address for all. Of a
 * byte only, or DMA_API_DEBUG takes it for the mapping that is looked at.
 */
static dma_addr_t vo_dma_of(struct device *dev, struct page *page)
{
	dma_addr_t addr = dma_map_page(dev, page, 0, 1, DMA_BIDIRECTIONAL);

	if (dma_mapping_error(dev, addr))
		return addr;
	dma_unmap_page(dev, addr, 1, DMA_BIDIRECTIONAL);
	return addr;
}

/* @sgt shows [off, off + len) of @pages, no more and no less */
void vo_expect_dma(struct vo_imp *imp, struct sg_table *sgt,
		   struct page **pages, u64 off, u64 len)
{
	struct kunit *test = imp->vo->test;
	u64 o;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, vo_dma_len(sgt), len);
	for (o = 0; o < len; o += min_t(u64, len - o, 1000))
		KUNIT_EXPECT_EQ(test, vo_dma_at(sgt, o),
				vo_dma_of(imp->dev,
					  pages[(off + o) >> PAGE_SHIFT]) +
				offset_in_page(off + o));
}

void vo_expect_extents(struct vo_imp *imp, struct vma_owner_mock *obj, u64 off,
		       u64 len)
{
	const struct vma_owner_extents *x = vo_take_extents(&imp->pin);
	struct kunit *test = imp->vo->test;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, x);
	for (i = 0; i < x->nr; i++) {
		KUNIT_EXPECT_EQ(test, x->vec[i].paddr, offset_in_page(off) +
				page_to_phys(obj->pages[off >> PAGE_SHIFT]));
		off += x->vec[i].len;
		len -= x->vec[i].len;
	}
	KUNIT_EXPECT_EQ(test, len, 0);
	vo_drop_extents(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* A thread that revokes, or moves what has a dma-buf                        */

void vo_revoker_work(struct work_struct *work)
{
	struct vo_revoker *rv = container_of(work, struct vo_revoker, work);

	if (rv->obj->dmabuf)
		vo_move(rv->obj, 0);
	else
		vma_owner_revoke(rv->obj->revoke, rv->how);
	rv->done_at = vo_tick();
	complete(&rv->done);
}

struct vo_revoker *vo_revoker_start(struct vma_owner_mock *obj,
				    enum vma_owner_loss how)
{
	struct kunit *test = obj->test;
	struct vo_revoker *rv = kunit_kzalloc(test, sizeof(*rv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rv);
	rv->obj = obj;
	rv->how = how;
	init_completion(&rv->done);
	INIT_WORK(&rv->work, vo_revoker_work);
	queue_work(obj->vo->wq, &rv->work);
	return rv;
}

bool vo_within(struct completion *c, unsigned long timeout)
{
	return wait_for_completion_timeout(c, timeout);
}

static const char *vo_fence_name(struct dma_fence *fence)
{
	return "vma_owner_kunit";
}

static const struct dma_fence_ops vo_fence_ops = {
	.get_driver_name	= vo_fence_name,
	.get_timeline_name	= vo_fence_name,
};

static void vo_signal_work(struct work_struct *work)
{
	dma_fence_signal(container_of(to_delayed_work(work), struct vo_signal,
				      work)->fence);
}

/* Somebody uses the dma-buf in the background for @delay jiffies */
void vo_signal_later(struct vma_owner_mock *obj, struct vo_signal *s,
		     enum dma_resv_usage usage, unsigned long delay)
{
	struct dma_resv *resv = obj->dmabuf->resv;
	struct kunit *test = obj->test;
	static DEFINE_SPINLOCK(lock);

	s->fence = kzalloc_obj(*s->fence);
	KUNIT_ASSERT_NOT_NULL(test, s->fence);
	dma_fence_init(s->fence, &vo_fence_ops, &lock,
		       dma_fence_context_alloc(1), 1);
	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, dma_resv_reserve_fences(resv, 1), 0);
	dma_resv_add_fence(resv, s->fence, usage);
	dma_resv_unlock(resv);
	INIT_DELAYED_WORK(&s->work, vo_signal_work);
	queue_delayed_work(obj->vo->wq, &s->work, delay);
}

void vo_signal_now(struct vo_signal *s)
{
	mod_delayed_work(system_wq, &s->work, 0);
}

void vo_signal_end(struct vo_signal *s)
{
	flush_delayed_work(&s->work);
	dma_fence_put(s->fence);
}

/* How many lines of the kernel log have @text? */
unsigned int vo_logged(const char *text)
{
	struct kmsg_dump_iter iter;
	unsigned int n = 0;
	char line[200];
	size_t len;

	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = 0;
		n += !!strstr(line, text);
	}
	return n;
}
