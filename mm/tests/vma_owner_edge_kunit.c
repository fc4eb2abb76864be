// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: what few owners and devices meet. Ranges of an IOMMU,
 * memory that does not fit into one, protections, segments, and a signal in the wait
 * for a dma_resv.
 */
#include "vma_owner_shadow.h"

/* An owner that says nothing of it means ordinary RAM, as the kernel maps it */
static void c6_extents_default_protection(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	const struct vma_owner_extents *x = vo_take_extents(&imp->pin);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, x);
	KUNIT_EXPECT_EQ(test, x->type, VMA_OWNER_RAM);
	KUNIT_EXPECT_EQ(test, pgprot_val(x->prot), pgprot_val(PAGE_KERNEL));
	vo_drop_extents(&imp->pin);
	vma_unpin(&imp->pin);
}

/* A device behind an IOMMU, coherent or not, and memory pinned for it */
static struct vo_imp *vo_imp_iommu(struct vma_owner_mock *obj, bool coherent,
				   size_t len)
{
	struct vo_imp *imp = vo_imp_dev(obj->test->priv, VO_STATIC);

	vo_dma_start();
	vo_dma.iova = 4 * VO_SIZE;
	vo_dma.coherent = coherent;
	vo_dma.max_seg_size = VO_SIZE;
	KUNIT_ASSERT_EQ(obj->test, vo_pin(imp, vo_map(obj), len), 0);
	return imp;
}

/* The IOMMU alone does not make device memory reachable */
static void c6_mmio_out_of_reach_behind_an_iommu(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, true, VO_SIZE);

	obj->type = VMA_OWNER_MMIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&imp->pin, imp->dev,
						 DMA_TO_DEVICE)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_coherents[] = {
	{ "not coherent", false }, { "coherent", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_coherent, vo_coherents, name);

struct vo_range {
	const char		*name;
	enum vma_owner_memtype	type;
	bool			coherent;
	unsigned int		ranges;
};

static const struct vo_range vo_ranges[] = {
	{ "RAM", VMA_OWNER_RAM, true, 0 },
	{ "RAM that needs syncs", VMA_OWNER_RAM, false, 0 },
	{ "RAM_FIXED", VMA_OWNER_RAM_FIXED, true, 1 },
	{ "RAM_FIXED that needs none", VMA_OWNER_RAM_FIXED, false, 1 },
};

KUNIT_ARRAY_PARAM_DESC(vo_range, vo_ranges, name);

/* A range cannot be synced, so what might have to be is a table of pages */
static void c14_ranges_are_never_synced(struct kunit *test)
{
	const struct vo_range *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, t->coherent, VO_SIZE);

	obj->type = t->type;
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(&imp->pin, imp->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, t->ranges);
	KUNIT_EXPECT_EQ(test, vo_dma.live, t->ranges ? 0 : VO_PAGES);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/*
 * Scattered RAM behind an IOMMU: in one piece for the device, and each frame is
 * what was written last, on whichever side.
 */
static void c14_scattered_ram_in_one_piece(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, t->value, VO_SIZE);
	struct vma_pin *pin = &imp->pin;
	struct sg_table *sgt;
	u8 frame;

	vo_dma_watch_all(test, obj->pages);
	sgt = vo_map_dma(pin, imp->dev, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, 1);
	KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl), vo_dma.iova);
	KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl), VO_SIZE);
	KUNIT_EXPECT_NULL(test, sg_page(sgt->sgl));
	KUNIT_EXPECT_TRUE(test, sg_is_last(sgt->sgl));
	for (frame = 1; frame < 5; frame += 2) {
		vo_cpu_write(obj->pages, 0, VO_SIZE, frame);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_dev_reads(obj->pages, 0, VO_SIZE,
						     frame));
		vo_dev_write(obj->pages, 0, VO_SIZE, frame + 1);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, 0, VO_SIZE,
						     frame + 1));
	}
	/* What the device still has is taken back by the unmap */
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	vo_dev_write(obj->pages, 0, VO_SIZE, frame);
	vo_unmap_dma(pin);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, 0, VO_SIZE, frame));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
	vma_unpin(pin);
}

/* And what the CPU has written since is not what an unmap brings back */
static void c14_scattered_ram_kept_when_unmapped(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, false, VO_SIZE);

	vo_dma_watch_all(test, obj->pages);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(&imp->pin, imp->dev,
						   DMA_FROM_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_for_device(&imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(&imp->pin), 0);
	vo_cpu_write(obj->pages, 0, VO_SIZE, 7);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, 0, VO_SIZE, 7));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* The pages that are joined are those of the pin alone */
static void c14_scattered_ram_behind_an_offset(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, false, VO_SIZE);
	unsigned long addr = imp->pin.start + PAGE_SIZE;
	struct vma_pin *pin = &imp->pin;
	struct sg_table *sgt;

	vo_dma_watch_all(test, obj->pages);
	vma_unpin(pin);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, PAGE_SIZE), 0);
	sgt = vo_map_dma(pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl), vo_dma.iova);
	KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_FALSE(test, vo_is_device(obj->pages[0]));
	KUNIT_EXPECT_TRUE(test, vo_is_device(obj->pages[1]));
	vma_unpin(pin);
}

static void c14_scattered_ram_mapped_by_halves(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, false, VO_SIZE);

	vo_dma.fail_at = 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&imp->pin, imp->dev,
						 DMA_TO_DEVICE)), -EIO);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&imp->pin));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(&imp->pin, imp->dev,
						   DMA_TO_DEVICE)));
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* Two halves of two pages, where the row of the case says */
struct vo_meeting {
	const char	*name;
	unsigned int	first, second;
	unsigned int	ranges;
};

static const struct vo_meeting vo_meetings[] = {
	{ "ends and starts at a granule", PAGE_SIZE / 2, 0, 1 },
	{ "ends within a granule", 0, 0, 0 },
	{ "starts within a granule", PAGE_SIZE / 2, PAGE_SIZE / 2, 0 },
};

KUNIT_ARRAY_PARAM_DESC(vo_meeting, vo_meetings, name);

static int (*vo_get_all)(void *data, u64 offset, u64 len,
			 struct vma_owner_extents *x);

static int vo_get_halves(void *data, u64 offset, u64 len,
			 struct vma_owner_extents *x)
{
	struct vma_owner_mock *obj = data;
	const struct vo_meeting *t = obj->test->param_value;
	int ret = vo_get_all(data, offset, len, x);

	if (ret)
		return ret;
	x->vec[0].paddr = page_to_phys(obj->pages[0]) + t->first;
	x->vec[0].len = PAGE_SIZE / 2;
	x->vec[1].paddr = page_to_phys(obj->pages[1]) + t->second;
	x->vec[1].len = PAGE_SIZE / 2;
	x->nr = 2;
	return 0;
}

/* An IOMMU maps whole granules: others would show what is beside the memory */
static void c6_ranges_are_of_whole_granules(struct kunit *test)
{
	const struct vo_meeting *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, true, PAGE_SIZE);

	obj->type = VMA_OWNER_RAM_FIXED;
	vo_get_all = obj->ops.get_extents;
	obj->ops.get_extents = vo_get_halves;
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(&imp->pin, imp->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, t->ranges);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
}

/* Linked, but the IOMMU was not told: the device would fault */
static void c6_range_that_is_not_synced_fails(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, true, VO_SIZE);

	obj->type = VMA_OWNER_RAM_FIXED;
	vo_dma.fail_at = VO_PAGES + 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&imp->pin, imp->dev,
						 DMA_TO_DEVICE)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, vo_dma.fail_at, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.linked, 0);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&imp->pin));
	vma_unpin(&imp->pin);
}

/* As of an IOMMU that maps no part of a granule for who is not trusted */
static void c6_error_of_an_iommu(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, true, VO_SIZE);

	obj->type = VMA_OWNER_RAM_FIXED;
	vo_dma.fail_at = 1;
	vo_dma.link_err = -EPERM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&imp->pin, imp->dev,
						 DMA_TO_DEVICE)), -EIO);
	vma_unpin(&imp->pin);
}

/* Somebody who holds a dma_resv, not for ever */
struct vo_resv_holder {
	struct work_struct	work;
	struct dma_resv		*resv;
	struct completion	held;
	struct completion	go;
};

static void vo_resv_holder_work(struct work_struct *work)
{
	struct vo_resv_holder *h = container_of(work, struct vo_resv_holder,
						work);

	dma_resv_lock(h->resv, NULL);
	complete(&h->held);
	wait_for_completion_timeout(&h->go, HZ);
	dma_resv_unlock(h->resv);
}

static void c18_wait_for_a_dma_resv_is_interruptible(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_resv_holder h = {};
	int ret;

	KUNIT_ASSERT_EQ(test, vma_pin_lock(&imp->pin), 0);
	vma_pin_unlock(&imp->pin);
	h.resv = obj->dmabuf->resv;
	init_completion(&h.held);
	init_completion(&h.go);
	INIT_WORK_ONSTACK(&h.work, vo_resv_holder_work);
	queue_work(imp->vo->wq, &h.work);
	KUNIT_EXPECT_TRUE(test, vo_within(&h.held, VO_LONG));
	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 1);
	ret = vma_pin_lock(&imp->pin);
	disallow_signal(SIGUSR1);
	flush_signals(current);
	if (!ret)
		vma_pin_unlock(&imp->pin);
	complete(&h.go);
	flush_work(&h.work);
	destroy_work_on_stack(&h.work);
	KUNIT_EXPECT_EQ(test, ret, -EINTR);
	vma_unpin(&imp->pin);
}

struct vo_part {
	const char		*name;
	bool			coherent, bounces;
	enum vma_owner_sync	sync;
	enum dma_data_direction	dir;
	int			ret;
	bool			ops;
};

static const struct vo_part vo_parts[] = {
	{ "bounced", true, true, VMA_OWNER_SYNC_DMA, DMA_FROM_DEVICE,
	  -EOPNOTSUPP },
	{ "bounced, not coherent", false, true, VMA_OWNER_SYNC_DMA,
	  DMA_BIDIRECTIONAL, -EOPNOTSUPP },
	{ "bounced by operations of its own", true, true, VMA_OWNER_SYNC_DMA,
	  DMA_FROM_DEVICE, -EOPNOTSUPP, true },
	{ "bounced, only read", true, true, VMA_OWNER_SYNC_DMA, DMA_TO_DEVICE },
	{ "bounced, only read, not coherent", false, true, VMA_OWNER_SYNC_DMA,
	  DMA_TO_DEVICE },
	{ "not coherent", false, false, VMA_OWNER_SYNC_DMA, DMA_FROM_DEVICE },
	{ "unknown, not coherent", false, false, VMA_OWNER_SYNC_UNKNOWN,
	  DMA_FROM_DEVICE, -EOPNOTSUPP },
	{ "unknown, bounced", true, true, VMA_OWNER_SYNC_UNKNOWN,
	  DMA_FROM_DEVICE, -EOPNOTSUPP },
	{ "unknown, only read", false, false, VMA_OWNER_SYNC_UNKNOWN,
	  DMA_TO_DEVICE, -EOPNOTSUPP },
	{ "unknown, coherent", true, false, VMA_OWNER_SYNC_UNKNOWN,
	  DMA_FROM_DEVICE },
};

KUNIT_ARRAY_PARAM_DESC(vo_part, vo_parts, name);

/* Somebody else writes to the rest meanwhile, and has it still */
static void c15_refused_part_undoes_nothing(struct kunit *test)
{
	const struct vo_part *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_TYPE1);
	struct sg_table *sgt;

	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	obj->dma = &vo_dma_shadow;
	obj->sync = t->sync;
	vo_dma.coherent = t->coherent;
	vo_dma.bounces = t->bounces;
	vo_dma.ops = t->ops;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 8, 16), 0);
	sgt = vo_map_dma(&imp->pin, imp->dev, t->dir);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), t->ret);
	/* A mapping that is copied back is not made, and unmade, to find out */
	if (t->ret && t->dir != DMA_TO_DEVICE)
		KUNIT_EXPECT_EQ(test, obj->sgt_dir, DMA_TO_DEVICE);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static const struct vo_param vo_far_rams[] = {
	{ "bounced", true }, { "not bounced", false },
};

KUNIT_ARRAY_PARAM_DESC(vo_far_ram, vo_far_rams, name);

/* The DMA API would warn of what user space chose, and of nothing that it can bounce */
static void c6_ram_beyond_the_device(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	u64 mask = *imp->dev->dma_mask;
	struct sg_table *sgt;

	vo_dma_start();
	vo_dma.coherent = true;
	vo_dma.bounces = t->value;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	*imp->dev->dma_mask = page_to_phys(obj->pages[0]) - 1;
	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	*imp->dev->dma_mask = mask;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), t->value ? 0 : -EIO);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
}

/*
 * Nothing to warn of: what is synced may be meant for the kernel's mapping. A device
 * alone is tests/misuse's.
 */
static void c15_static_importer_without_syncs(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	vo_dma.coherent = true;
	obj->dma = &vo_dma_shadow;
	imp->client.no_sync = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_vmap_pin(pin, DMA_BIDIRECTIONAL)));
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_BIDIRECTIONAL)));
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static void vo_write_meanwhile(struct vma_owner_mock *obj)
{
	vo_cpu_write(obj->pages, 0, VO_SIZE, 7);
}

/* The dma-buf is smaller than its owner said, which shows when it is mapped */
static void c14_failed_map_undoes_nothing(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, VO_PAGES + 1);

	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	obj->dma = &vo_dma_shadow;
	obj->mapped = vo_write_meanwhile;
	obj->size = VO_SIZE + PAGE_SIZE;
	vo_map_at(obj, addr, 0, VO_PAGES + 1);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 4, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&imp->pin, imp->dev,
						 DMA_FROM_DEVICE)), -EFAULT);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, 0, VO_SIZE, 7));
	vma_unpin(&imp->pin);
}

enum vo_unsynced_memory { VO_THEIR_DMABUF, VO_THEIR_RAM, VO_THEIR_FIXED, VO_OURS };

static const struct vo_unsynced {
	const char		*name;
	enum vo_unsynced_memory	memory;
	enum vma_owner_sync	sync;
	bool			uncached;
	size_t			spare;		/* bytes at the end */
} vo_unsynceds[] = {
	{ "dma-buf", VO_THEIR_DMABUF, VMA_OWNER_SYNC_DMA },
	{ "unknown dma-buf", VO_THEIR_DMABUF, VMA_OWNER_SYNC_UNKNOWN },
	{ "dma-buf that nobody syncs", VO_THEIR_DMABUF, VMA_OWNER_SYNC_NEVER,
	  .uncached = true },
	{ "extents", VO_THEIR_RAM },
	{ "fixed extents", VO_THEIR_FIXED, .uncached = true },
	{ "ordinary", VO_OURS },
	{ "part of a dma-buf", VO_THEIR_DMABUF, VMA_OWNER_SYNC_DMA, .spare = 8 },
	{ "part of a page", VO_THEIR_RAM, .spare = 8 },
	{ "ordinary part of a page", VO_OURS, .spare = 8 },
};

KUNIT_ARRAY_PARAM_DESC(vo_unsynced, vo_unsynceds, name);

static const struct vo_unsynced_device {
	const char	*name;
	bool		coherent;
	bool		bounces;
	bool		iommu;
	bool		ops;
	unsigned int	max_seg_size;
} vo_unsynced_devices[] = {
	{ "not coherent" },
	{ "coherent", .coherent = true },
	{ "bounced", .coherent = true, .bounces = true },
	{ "behind an IOMMU", .coherent = true, .iommu = true },
	{ "not coherent, behind an IOMMU", .iommu = true },
	{ "not trusted", .coherent = true, .bounces = true, .iommu = true },
	{ "not trusted, of small segments", .coherent = true, .bounces = true,
	  .iommu = true, .max_seg_size = PAGE_SIZE / 2 },
	{ "with operations of its own", .coherent = true, .ops = true },
};

/* Behind an IOMMU only parts of granules are bounced: a dma-buf is whole pages here */
static bool vo_unsynced_bounces(const struct vo_unsynced *t,
				const struct vo_unsynced_device *d)
{
	if (!d->iommu)
		return d->bounces;
	return d->bounces && t->spare && t->memory != VO_THEIR_DMABUF;
}

static int vo_unsynced_ret(const struct vo_unsynced *t,
			   const struct vo_unsynced_device *d)
{
	if (t->uncached)
		return 0;
	/* It cannot say that an address needs no sync */
	if (d->ops || !d->coherent || vo_unsynced_bounces(t, d))
		return -EOPNOTSUPP;
	return 0;
}

static void vo_unsynced_on(struct kunit *test, struct device *dev,
			   const struct vo_unsynced_device *d)
{
	const struct vo_unsynced *t = test->param_value;
	struct vma_owner_mock *obj = t->memory == VO_THEIR_DMABUF ?
		vo_obj_dmabuf(test->priv) : vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);
	unsigned long addr = t->memory == VO_OURS ?
		vo_anon(test->priv, VO_PAGES) : vo_map(obj);
	const int ret = vo_unsynced_ret(t, d);
	struct vma_pin *pin = &imp->pin;
	struct page **pages;
	struct sg_table *sgt;

	vo_dma_start();
	vo_dma.coherent = d->coherent;
	vo_dma.bounces = d->bounces;
	vo_dma.iova = d->iommu ? 4 * VO_SIZE : 0;
	vo_dma.ops = d->ops;
	vo_dma.max_seg_size = d->max_seg_size ?: vo_dma.max_seg_size;
	obj->dma = &vo_dma_shadow;
	obj->sync = t->sync;
	if (t->memory == VO_THEIR_FIXED)
		obj->type = VMA_OWNER_RAM_FIXED;
	imp->dev = dev;
	imp->client.no_sync = true;
	KUNIT_ASSERT_EQ(test, 0, vo_pin(imp, addr, VO_SIZE - t->spare));
	pages = t->memory == VO_OURS ? pin->pages : obj->pages;
	vo_dma_watch_all(test, pages);
	vo_cpu_write(pages, 0, VO_SIZE, 6);
	sgt = vo_map_dma(pin, imp->dev, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(sgt), ret, "%s", d->name);
	KUNIT_EXPECT_EQ_MSG(test, vo_dma.live || vo_dma.ranges, !ret, "%s",
			    d->name);
	/* A mapping that is copied back is not made, and unmade, to find out */
	if (ret && t->memory == VO_THEIR_DMABUF)
		KUNIT_EXPECT_EQ_MSG(test, obj->sgt_dir, DMA_TO_DEVICE, "%s",
				    d->name);
	if (ret)
		KUNIT_EXPECT_TRUE_MSG(test, vo_cpu_reads(pages, 0, VO_SIZE, 6),
				      "%s", d->name);
	else	/* a revoke may have undone the kernel's mapping that it is meant for */
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	vma_unpin(pin);
	KUNIT_EXPECT_FALSE_MSG(test, vo_dma.live || vo_dma.ranges, "%s",
			       d->name);
}

/* An importer that never syncs has devices that need none, and refused are the rest */
static void c15_importer_without_syncs(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_TYPE1);
	int i;

	for (i = 0; i < ARRAY_SIZE(vo_unsynced_devices); i++)
		vo_unsynced_on(test, imp->dev, &vo_unsynced_devices[i]);
}

/* There is no sync of it, and so no device that needs one */
static void c15_cached_fixed_memory_refused(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	obj->type = VMA_OWNER_RAM_FIXED;
	obj->fixed_cached = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(pin, imp->dev,
						 DMA_FROM_DEVICE)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vo_dma.coherent = true;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vma_unpin(pin);
}

static int vo_get_one(void *data, u64 offset, u64 len,
		      struct vma_owner_extents *x)
{
	struct vma_owner_mock *obj = data;
	int ret = vo_get_all(data, offset, len, x);

	if (ret)
		return ret;
	/* The pages are those of one block, in whatever order */
	x->vec[0].paddr = offset + min(page_to_phys(obj->pages[0]),
				       page_to_phys(obj->pages[VO_PAGES - 1]));
	x->vec[0].len = len;
	x->nr = 1;
	return 0;
}

/* What maps a table of pages joins them, and splits none */
static void c6_joined_ram_is_cut_before(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, false, VO_SIZE);
	struct sg_table *sgt;

	vo_dma.boundary = PAGE_SIZE - 1;
	vo_get_all = obj->ops.get_extents;
	obj->ops.get_extents = vo_get_one;
	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, vo_dma.live, VO_PAGES);
	KUNIT_EXPECT_EQ(test, vo_dma.longest, PAGE_SIZE);
	vo_unmap_dma(&imp->pin);

	/* Nor is it one range, which cannot be synced */
	vo_dma.boundary = 0;
	vo_dma.max_seg_size = PAGE_SIZE / 2;
	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, VO_PAGES);
	KUNIT_EXPECT_EQ(test, vo_dma.live, VO_PAGES);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* From within a page it takes an entry more than its length tells */
static void c6_joined_ram_from_within_a_page(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, false, VO_SIZE);
	unsigned long addr = imp->pin.start + 100;
	struct sg_table *sgt;

	vma_unpin(&imp->pin);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 3 * PAGE_SIZE), 0);
	vo_dma.boundary = PAGE_SIZE - 1;
	vo_get_all = obj->ops.get_extents;
	obj->ops.get_extents = vo_get_one;
	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 4);
	KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl), 3 * PAGE_SIZE);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static int vo_get_empty(void *data, u64 offset, u64 len,
			struct vma_owner_extents *x)
{
	int ret = vo_get_one(data, offset, len, x);

	if (ret)
		return ret;
	x->vec[1].paddr = x->vec[0].paddr + 1;
	x->vec[1].len = 0;
	x->nr = 2;
	return 0;
}

static void c6_empty_extent_refused(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_iommu(obj, false, VO_SIZE);

	vo_get_all = obj->ops.get_extents;
	obj->ops.get_extents = vo_get_empty;
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&imp->pin, imp->dev,
							 DMA_TO_DEVICE)),
				-EFAULT);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

/* Drivers take all entries but the ends for whole pages */
static void c6_segments_are_of_whole_pages(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	vo_dma_start();
	vo_dma.iova = t->value ? 4 * VO_SIZE : 0;
	vo_dma.coherent = true;
	vo_dma.max_seg_size = PAGE_SIZE + 100;
	obj->type = t->value ? VMA_OWNER_RAM_FIXED : VMA_OWNER_RAM;
	vo_get_all = obj->ops.get_extents;
	obj->ops.get_extents = vo_get_one;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 100, VO_SIZE - 200), 0);
	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, VO_PAGES);
	for_each_sgtable_dma_sg(sgt, sg, i)
		KUNIT_EXPECT_EQ(test, offset_in_page(sg_dma_address(sg)),
				i ? 0 : 100);
	vma_unpin(&imp->pin);
}

struct vo_line_part {
	const char		*name;
	size_t			off, len;
	enum dma_data_direction	dir;
	bool			coherent;
	int			error;
};

static const struct vo_line_part vo_line_parts[] = {
	{ "whole lines", VO_LINE, 2 * VO_LINE, DMA_FROM_DEVICE, false, 0 },
	{ "starts in a line", VO_LINE + 8, 2 * VO_LINE - 8, DMA_FROM_DEVICE,
	  false, -EINVAL },
	{ "ends in a line", VO_LINE, 8, DMA_FROM_DEVICE, false, -EINVAL },
	{ "written and read", VO_LINE, 8, DMA_BIDIRECTIONAL, false, -EINVAL },
	{ "ends in the last page", VO_SIZE - PAGE_SIZE, 8, DMA_FROM_DEVICE,
	  false, 0 },
	{ "only read", VO_LINE + 8, 8, DMA_TO_DEVICE, false, 0 },
	{ "coherent", VO_LINE + 8, 8, DMA_FROM_DEVICE, true, 0 },
};

KUNIT_ARRAY_PARAM_DESC(vo_line_part, vo_line_parts, name);

static void vo_map_part(struct kunit *test, struct vma_owner_mock *obj,
			struct vo_imp *imp, int error)
{
	const struct vo_line_part *t = test->param_value;

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + t->off, t->len), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vo_map_dma(&imp->pin, imp->dev,
							 t->dir)), error);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* What the CPU writes beside it would be lost, or what the device writes */
static void c15_part_of_a_line_refused(struct kunit *test)
{
	const struct vo_line_part *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vma_owner_mock *pages = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);

	vo_dma_start();
	vo_dma.alignment = VO_LINE;
	vo_dma.coherent = t->coherent;
	obj->dma = &vo_dma_shadow;
	vo_map_part(test, obj, imp, t->error);
	vo_map_part(test, pages, imp, t->error);
	/* What needs no syncs has no lines to lose */
	obj->sync = VMA_OWNER_SYNC_NEVER;
	vo_map_part(test, obj, imp, 0);
	pages->type = VMA_OWNER_RAM_FIXED;
	vo_map_part(test, pages, imp, 0);
}

/* Nothing is beside the end of it */
static void c15_end_within_a_line(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_generic_size(test->priv,
							 VO_SIZE - 8);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);

	vo_dma_start();
	vo_dma.alignment = VO_LINE;
	obj->dma = &vo_dma_shadow;
	obj->vm_ops = &vo_vm_ops_cached;
	obj->in_mmap = vo_mmap_dmabuf;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE - 8), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vo_map_dma(&imp->pin, imp->dev,
							 DMA_FROM_DEVICE)), 0);
	vma_unpin(&imp->pin);
	dma_buf_put(obj->dmabuf);
}

/*
 * An exporter that counts its VMAs would lose count, and user space has importers
 * map one into a VMA of theirs: that is nothing to WARN of.
 */
static void c6_own_vma_takes_no_operations_away(struct kunit *test)
{
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vma);
	vma->vm_ops = &vo_vm_ops_without_owner;
	kunit_warning_suppress(test) {
		dma_buf_own_vma(vma);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_ops, &vo_vm_ops_without_owner);
	vma->vm_ops = NULL;
	dma_buf_own_vma(vma);
	KUNIT_ASSERT_NOT_NULL(test, vma->vm_ops);
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_ops->owner_ops,
			    &dma_buf_vma_owner_ops);
}

static const struct vo_param vo_iommus[] = {
	{ "no IOMMU", false }, { "behind an IOMMU", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_iommu, vo_iommus, name);

struct kunit_case vo_edge_cases[] = {
	KUNIT_CASE(c6_extents_default_protection),
	KUNIT_CASE(c6_mmio_out_of_reach_behind_an_iommu),
	KUNIT_CASE_PARAM(c6_ranges_are_of_whole_granules,
			 vo_meeting_gen_params),
	KUNIT_CASE(c6_range_that_is_not_synced_fails),
	KUNIT_CASE_PARAM(c14_ranges_are_never_synced, vo_range_gen_params),
	KUNIT_CASE_PARAM(c14_scattered_ram_in_one_piece,
			 vo_coherent_gen_params),
	KUNIT_CASE(c14_scattered_ram_kept_when_unmapped),
	KUNIT_CASE(c14_scattered_ram_behind_an_offset),
	KUNIT_CASE(c14_scattered_ram_mapped_by_halves),
	KUNIT_CASE(c6_error_of_an_iommu),
	KUNIT_CASE(c14_failed_map_undoes_nothing),
	KUNIT_CASE_PARAM(c6_segments_are_of_whole_pages, vo_iommu_gen_params),
	KUNIT_CASE(c6_joined_ram_is_cut_before),
	KUNIT_CASE(c6_joined_ram_from_within_a_page),
	KUNIT_CASE(c6_empty_extent_refused),
	KUNIT_CASE_PARAM(c15_refused_part_undoes_nothing, vo_part_gen_params),
	KUNIT_CASE_PARAM(c15_importer_without_syncs, vo_unsynced_gen_params),
	KUNIT_CASE_PARAM(c6_ram_beyond_the_device, vo_far_ram_gen_params),
	KUNIT_CASE(c15_static_importer_without_syncs),
	KUNIT_CASE(c15_cached_fixed_memory_refused),
	KUNIT_CASE_PARAM(c15_part_of_a_line_refused, vo_line_part_gen_params),
	KUNIT_CASE(c15_end_within_a_line),
	KUNIT_CASE(c6_own_vma_takes_no_operations_away),
	KUNIT_CASE(c18_wait_for_a_dma_resv_is_interruptible),
	{}
};
