// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of USERPTR buffers: the memory operations of videobuf2 with a device
 * that is not coherent, memory of a mock owner, and ordinary memory. And of MMAP
 * buffers of dma-contig, exported to such devices.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <kunit/vma_owner.h>
#include <kunit/vma_owner_dma.h>
#include <kunit/vma_owner_dma_buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#include <media/videobuf2-core.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-vmalloc.h>

enum vvk_memops { VVK_CONTIG, VVK_SG, VVK_VMALLOC };

static const struct vb2_mem_ops * const vvk_memops[] = {
	&vb2_dma_contig_memops, &vb2_dma_sg_memops, &vb2_vmalloc_memops,
};

/* One buffer of a queue */
struct vvk_test {
	struct device		*dev;
	struct vb2_queue	q;
	struct vb2_buffer	vb;
	void			*buf;
};

struct vvk_param {
	const char	*name;
	enum vvk_memops	memops;
	unsigned int	what;
	unsigned long	offset;
	unsigned long	size;
	bool		cached;	/* says the owner, of what is mapped for the kernel */
};

static const struct vvk_param vvk_params[] = {
	{ "contig, part of an extent", VVK_CONTIG, 0, 0x1200, 0x680 },
	{ "contig, dma-buf", VVK_CONTIG, VOM_DMABUF, 0, VOM_SIZE },
	{ "contig, part of dma-buf", VVK_CONTIG, VOM_DMABUF, 0x1200, 0x1680 },
	{ "contig, ordinary", VVK_CONTIG, VOM_ORDINARY, 0, VOM_SIZE },
	{ "contig, part of ordinary", VVK_CONTIG, VOM_ORDINARY, 0x1200, 0x1680 },
	{ "sg, extents", VVK_SG, 0, 0, VOM_SIZE },
	{ "sg, part of extents", VVK_SG, 0, 0x1200, 0x1680 },
	{ "sg, dma-buf", VVK_SG, VOM_DMABUF, 0, VOM_SIZE },
	{ "sg, part of dma-buf", VVK_SG, VOM_DMABUF, 0x1200, 0x1680 },
	{ "sg, ordinary", VVK_SG, VOM_ORDINARY, 0, VOM_SIZE },
	{ "sg, part of ordinary", VVK_SG, VOM_ORDINARY, 0x1200, 0x1680 },
	{ "sg, scattered extents", VVK_SG, VOM_SCATTERED, 0, VOM_SIZE },
	{ "sg, scattered dma-buf", VVK_SG, VOM_SCATTERED | VOM_DMABUF, 0,
	  VOM_SIZE },
	{ "sg, scattered ordinary", VVK_SG, VOM_SCATTERED | VOM_ORDINARY,
	  0x1200, 0x1680 },
};

KUNIT_ARRAY_PARAM_DESC(vvk, vvk_params, name);

static int vvk_init(struct kunit *test)
{
	struct vvk_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->dev = kunit_device_register(test, "videobuf2");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dev);
	vom_dma_attach(t->dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(t->dev,
							      DMA_BIT_MASK(64)));
	t->vb.vb2_queue = &t->q;
	return 0;
}

static void vvk_exit(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vom_dma_is_idle());
}

static void *vvk_cookie(struct vvk_test *t, const struct vvk_param *p)
{
	return vvk_memops[p->memops]->cookie(&t->vb, t->buf);
}

static struct vma_owner_mock *vvk_memory(struct kunit *test,
					 const struct vvk_param *p,
					 enum dma_data_direction dir)
{
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, PROT_READ | PROT_WRITE);
	struct vvk_test *t = test->priv;

	/* The CPU is told to begin and end where nobody knows what there is to do */
	if (p->memops == VVK_VMALLOC && !p->cached)
		m->sync = VMA_OWNER_SYNC_UNKNOWN;
	vom_dma_watch(m);
	t->q.dma_dir = dir;
	/* User space's hints are of memory that videobuf2 allocates, not of this */
	t->vb.skip_cache_sync_on_prepare = 1;
	t->vb.skip_cache_sync_on_finish = 1;
	t->buf = vvk_memops[p->memops]->get_userptr(&t->vb, t->dev,
						    addr + p->offset, p->size);
	return m;
}

/* Memory of user space, and a buffer of @dir made of it */
static struct vma_owner_mock *vvk_queue(struct kunit *test,
					enum dma_data_direction dir)
{
	struct vma_owner_mock *m = vvk_memory(test, test->param_value, dir);
	struct vvk_test *t = test->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->buf);
	return m;
}

static void vvk_prepare(struct kunit *test)
{
	const struct vvk_param *p = test->param_value;
	struct vvk_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, vvk_memops[p->memops]->prepare(t->buf), 0);
}

static void vvk_finish(struct kunit *test)
{
	const struct vvk_param *p = test->param_value;
	struct vvk_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, vvk_memops[p->memops]->finish(t->buf), 0);
}

static void vvk_put(struct kunit *test)
{
	const struct vvk_param *p = test->param_value;
	struct vvk_test *t = test->priv;

	vvk_memops[p->memops]->put_userptr(t->buf);
}

/* The device does its part, where the queue told it to */
static void vvk_device(struct kunit *test, u8 frame,
		       void (*access)(struct kunit *test, dma_addr_t addr,
				      size_t len, u8 value))
{
	const struct vvk_param *p = test->param_value;
	struct vvk_test *t = test->priv;
	struct scatterlist *sg;
	struct sg_table *sgt;
	size_t len = 0;
	int i;

	if (p->memops == VVK_CONTIG) {
		access(test, *(dma_addr_t *)vvk_cookie(t, p), p->size, frame);
		return;
	}
	sgt = vvk_cookie(t, p);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		access(test, sg_dma_address(sg), sg_dma_len(sg), frame);
		len += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, len, p->size);
}

/* User space scribbles between the frames, and finds each of them whole */
static void vvk_captures(struct kunit *test)
{
	struct vma_owner_mock *m = vvk_queue(test, DMA_FROM_DEVICE);
	const struct vvk_param *p = test->param_value;
	u8 frame;

	for (frame = 1; frame < 4; frame++) {
		vom_cpu_write(m, p->offset, p->size, 0x80 + frame);
		vvk_prepare(test);
		vvk_device(test, frame, vom_device_write);
		vvk_finish(test);
		vom_cpu_expect(m, p->offset, p->size, frame);
	}
	vvk_put(test);
	vom_cpu_expect(m, p->offset, p->size, frame - 1);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* User space draws, also into what the device has read and nobody took back */
static void vvk_draw(struct vma_owner_mock *m, const struct vvk_param *p,
		     u8 frame)
{
	unsigned long at, end = p->offset + p->size;

	for (at = p->offset; at < end; at++)
		*(u8 *)phys_to_virt(vma_owner_mock_phys(m, at)) = frame;
}

/* The device finds each of the frames that user space has drawn */
static void vvk_plays(struct kunit *test)
{
	struct vma_owner_mock *m = vvk_queue(test, DMA_TO_DEVICE);
	const struct vvk_param *p = test->param_value;
	u8 frame;

	for (frame = 1; frame < 4; frame++) {
		vvk_draw(m, p, frame);
		vvk_prepare(test);
		vvk_device(test, frame, vom_device_expect);
		vvk_finish(test);
	}
	vvk_put(test);
	vom_cpu_expect(m, p->offset, p->size, frame - 1);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* Streaming ends in the middle: what is not finished is taken back all the same */
static void vvk_stops(struct kunit *test)
{
	struct vma_owner_mock *m = vvk_queue(test, DMA_FROM_DEVICE);
	const struct vvk_param *p = test->param_value;

	vvk_prepare(test);
	vvk_device(test, 1, vom_device_write);
	vvk_put(test);
	vom_cpu_expect(m, p->offset, p->size, 1);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* What lies beside the buffer in its first and last page is user space's */
static void vvk_leaves_the_rest(struct kunit *test)
{
	struct vma_owner_mock *m = vvk_queue(test, DMA_FROM_DEVICE);
	const struct vvk_param *p = test->param_value;
	unsigned long end = p->offset + p->size;

	vom_cpu_write(m, 0, VOM_SIZE, 0x55);
	vvk_prepare(test);
	vom_cpu_write(m, 0, p->offset, 0x66);
	vom_cpu_write(m, end, VOM_SIZE - end, 0x66);
	vvk_device(test, 1, vom_device_write);
	vvk_finish(test);
	vvk_put(test);
	vom_cpu_expect(m, 0, p->offset, 0x66);
	vom_cpu_expect(m, p->offset, p->size, 1);
	vom_cpu_expect(m, end, VOM_SIZE - end, 0x66);
}

/* Pieces that adjoin here, behind an IOMMU that may bounce each of them alone */
static void vvk_refuses_luck(struct kunit *test)
{
	static const struct vvk_param p = {
		.memops = VVK_CONTIG, .size = VOM_SIZE,
	};
	struct vma_owner_mock *m = vvk_memory(test, &p, DMA_FROM_DEVICE);
	struct vvk_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(t->buf), -EFAULT);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static const struct vvk_param vvk_vmalloc[] = {
	{ "dma-buf", VVK_VMALLOC, VOM_DMABUF, 0, VOM_SIZE },
	{ "part of dma-buf", VVK_VMALLOC, VOM_DMABUF, 0x1200, 0x1680 },
	{ "cached dma-buf", VVK_VMALLOC, VOM_DMABUF, 0x1200, 0x1680, true },
	{ "extents", VVK_VMALLOC, 0, 0, VOM_SIZE },
	{ "part of extents", VVK_VMALLOC, VOM_SCATTERED, 0x1200, 0x1680 },
	{ "ordinary", VVK_VMALLOC, VOM_ORDINARY, 0, VOM_SIZE },
	{ "part of ordinary", VVK_VMALLOC, VOM_SCATTERED | VOM_ORDINARY,
	  0x1200, 0x1680 },
};

KUNIT_ARRAY_PARAM_DESC(vvk_vmalloc, vvk_vmalloc, name);

/* Who does not know what there is to do has been told of so many begins and ends */
static void vvk_expect_told(struct kunit *test, struct vma_owner_mock *m,
			    int begun, int ended, enum dma_data_direction dir)
{
	const struct vvk_param *p = test->param_value;
	bool told = p->what & VOM_DMABUF && !p->cached;

	KUNIT_EXPECT_EQ(test, atomic_read(&m->n.begin_cpu), told ? begun : 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->n.end_cpu), told ? ended : 0);
	if (told)
		KUNIT_EXPECT_EQ(test, m->begin_dir, dir);
	if (told && ended)
		KUNIT_EXPECT_EQ(test, m->end_dir, dir);
}

static u8 *vvk_vaddr(struct vvk_test *t)
{
	return vvk_memops[VVK_VMALLOC]->vaddr(&t->vb, t->buf);
}

/* The CPU is the device: each frame begins and ends its access to a dma-buf */
static void vvk_brackets(struct kunit *test)
{
	struct vma_owner_mock *m = vvk_queue(test, DMA_FROM_DEVICE);
	const struct vvk_param *p = test->param_value;
	int frame;

	for (frame = 1; frame < 4; frame++) {
		vvk_prepare(test);
		vvk_expect_told(test, m, frame, frame - 1, DMA_TO_DEVICE);
		memset(vvk_vaddr(test->priv), frame, p->size);
		vvk_finish(test);
		vvk_expect_told(test, m, frame, frame, DMA_TO_DEVICE);
		vom_cpu_expect(m, p->offset, p->size, frame);
	}
	vvk_prepare(test);
	vvk_put(test);
	vvk_expect_told(test, m, frame, frame, DMA_TO_DEVICE);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* What user space has drawn the driver reads, and so it says */
static void vvk_reads(struct kunit *test)
{
	struct vma_owner_mock *m = vvk_queue(test, DMA_TO_DEVICE);
	const struct vvk_param *p = test->param_value;
	int frame;

	for (frame = 1; frame < 4; frame++) {
		vom_cpu_write(m, p->offset, p->size, frame);
		vvk_prepare(test);
		vvk_expect_told(test, m, frame, frame - 1, DMA_FROM_DEVICE);
		KUNIT_EXPECT_NULL(test, memchr_inv(vvk_vaddr(test->priv), frame,
						   p->size));
		vvk_finish(test);
		vvk_expect_told(test, m, frame, frame, DMA_FROM_DEVICE);
	}
	vvk_put(test);
	vom_cpu_expect(m, p->offset, p->size, frame - 1);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/*
 * MMAP buffers of dma-contig, of a queue whose own device needs nothing: coherent
 * memory, which the CPU caches all the same on such a machine, or memory that the
 * queue syncs.
 */
struct vvk_export {
	const char	*name;
	bool		non_coherent;
	void		(*run)(struct vom_importers *im);
};

static const struct vvk_export vvk_exports[] = {
	{ "coherent, capture", false, vom_importers_capture },
	{ "coherent, play", false, vom_importers_play },
	{ "coherent, convert", false, vom_importers_convert },
	{ "coherent, both ways", false, vom_importers_both_ways },
	{ "coherent, come and go", false, vom_importers_come_and_go },
	{ "non-coherent, capture", true, vom_importers_capture },
	{ "non-coherent, play", true, vom_importers_play },
	{ "non-coherent, convert", true, vom_importers_convert },
	{ "non-coherent, both ways", true, vom_importers_both_ways },
	{ "non-coherent, come and go", true, vom_importers_come_and_go },
};

KUNIT_ARRAY_PARAM_DESC(vvk_export, vvk_exports, name);

/* A buffer of a queue with these attributes, or of such memory, and its dma-buf */
static struct dma_buf *vvk_export(struct kunit *test, bool non_coherent,
				  unsigned long attrs)
{
	struct device *dev = kunit_device_register(test, "exporter");
	const struct vb2_mem_ops *ops = vvk_memops[VVK_CONTIG];
	struct vvk_test *t = test->priv;
	struct dma_buf *dmabuf;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev,
							      DMA_BIT_MASK(64)));
	t->q.dma_dir = DMA_BIDIRECTIONAL;
	t->q.non_coherent_mem = non_coherent;
	t->q.dma_attrs = attrs;
	t->buf = ops->alloc(&t->vb, dev, VOM_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->buf);
	dmabuf = ops->get_dmabuf(&t->vb, t->buf, O_RDWR);
	if (!dmabuf)
		ops->put(t->buf);
	KUNIT_ASSERT_NOT_NULL(test, dmabuf);
	return dmabuf;
}

/* The dma-buf goes first, and so does a device's last reference to it */
static void vvk_export_end(struct kunit *test, struct dma_buf *dmabuf)
{
	struct vvk_test *t = test->priv;

	dma_buf_put(dmabuf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, vvk_memops[VVK_CONTIG]->num_users(t->buf), 1);
	vvk_memops[VVK_CONTIG]->put(t->buf);
}

static void vvk_syncs_importers(struct kunit *test)
{
	struct vom_importers *im = kunit_kzalloc(test, sizeof(*im), GFP_KERNEL);
	const struct vvk_export *p = test->param_value;
	struct dma_buf *dmabuf;

	vom_dma_need(test);
	KUNIT_ASSERT_NOT_NULL(test, im);
	dmabuf = vvk_export(test, p->non_coherent, 0);
	vom_import(test, dmabuf, im);
	p->run(im);
	vom_import_end(im);
	vvk_export_end(test, dmabuf);
}

/* What the CPU does not cache nobody has to hand over, as it was before */
static void vvk_leaves_uncached_alone(struct kunit *test)
{
	struct vom_importers *im = kunit_kzalloc(test, sizeof(*im), GFP_KERNEL);
	struct dma_buf *dmabuf;

	vom_dma_need(test);
	KUNIT_ASSERT_NOT_NULL(test, im);
	dmabuf = vvk_export(test, false, DMA_ATTR_WRITE_COMBINE);
	vom_import(test, dmabuf, im);
	vom_dma.passes = 0;
	vom_importer_map(im, 0, DMA_FROM_DEVICE);
	vom_begin(im, DMA_FROM_DEVICE);
	vom_end(im, DMA_FROM_DEVICE);
	vom_importer_unmap(im, 0);
	KUNIT_EXPECT_EQ(test, vom_dma.passes, 0);
	vom_import_end(im);
	vvk_export_end(test, dmabuf);
}

/* A device to which uncached memory is shown, after it was attached */
struct vvk_bounce {
	const char	*name;
	unsigned long	granule;
	bool		slots;
	size_t		max_size;
	int		ret;
};

static const struct vvk_bounce vvk_bounces[] = {
	{ "behind an IOMMU", PAGE_SIZE, false, SZ_1M, 0 },
	{ "part of a granule", 2 * VOM_SIZE, false, SZ_1M, -EOPNOTSUPP },
	{ "within reach", 0, false, SZ_1M, 0 },
	{ "beyond reach", 0, true, SZ_1M, -EOPNOTSUPP },
	{ "no bounce buffers", 0, true, SIZE_MAX, 0 },
};

KUNIT_ARRAY_PARAM_DESC(vvk_bounce, vvk_bounces, name);

/* What is bounced would have to be handed over, and nobody does that here */
static void vvk_uncached_is_not_bounced(struct kunit *test)
{
	struct vom_importers *im = kunit_kzalloc(test, sizeof(*im), GFP_KERNEL);
	const struct vvk_bounce *p = test->param_value;
	struct dma_buf *dmabuf;
	struct sg_table *sgt;

	vom_dma_need(test);
	KUNIT_ASSERT_NOT_NULL(test, im);
	dmabuf = vvk_export(test, false, DMA_ATTR_WRITE_COMBINE);
	vom_import(test, dmabuf, im);
	vom_dma.granule = p->granule;
	vom_dma.slots = p->slots;
	vom_dma.max_size = p->max_size;
	sgt = dma_buf_map_attachment_unlocked(im->at[0], DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), p->ret);
	if (!IS_ERR(sgt))
		dma_buf_unmap_attachment_unlocked(im->at[0], sgt,
						  DMA_FROM_DEVICE);
	else
		KUNIT_EXPECT_TRUE(test, vom_dma_is_idle());
	vom_import_end(im);
	vvk_export_end(test, dmabuf);
}

/*
 * Calls that maintain caches, for ordinary memory. Read in the untouched source of
 * Linux 7.3, of the memops of dma-contig and dma-sg alike: get_userptr maps with
 * DMA_ATTR_SKIP_CPU_SYNC, prepare calls dma_sync_sgtable_for_device(), finish
 * dma_sync_sgtable_for_cpu(), but for output queues, see init_buffer_cache_hints(),
 * and put_userptr unmaps with DMA_ATTR_SKIP_CPU_SYNC.
 */
struct vvk_cost {
	struct vvk_param	p;
	enum dma_data_direction	dir;
	unsigned int		qbuf, dqbuf, release;	/* stock's */
};

#define VVK_COST(of, memops, from, len, dir, dqbuf)			\
	{ { of, memops, VOM_ORDINARY, from, len }, dir, 1, dqbuf, 0 }

static const struct vvk_cost vvk_costs[] = {
	VVK_COST("contig captures", VVK_CONTIG, 0, VOM_SIZE, DMA_FROM_DEVICE, 1),
	VVK_COST("contig plays", VVK_CONTIG, 0, VOM_SIZE, DMA_TO_DEVICE, 0),
	VVK_COST("contig, both ways", VVK_CONTIG, 0, VOM_SIZE,
		 DMA_BIDIRECTIONAL, 1),
	VVK_COST("contig, part of a page", VVK_CONTIG, 0x1200, 0x680,
		 DMA_FROM_DEVICE, 1),
	VVK_COST("sg captures", VVK_SG, 0, VOM_SIZE, DMA_FROM_DEVICE, 1),
	VVK_COST("sg plays", VVK_SG, 0, VOM_SIZE, DMA_TO_DEVICE, 0),
	VVK_COST("sg, both ways", VVK_SG, 0, VOM_SIZE, DMA_BIDIRECTIONAL, 1),
	VVK_COST("sg, part of pages", VVK_SG, 0x1200, 0x1680,
		 DMA_FROM_DEVICE, 1),
};

static void vvk_cost_desc(const struct vvk_cost *t, char *desc)
{
	strscpy(desc, t->p.name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(vvk_cost, vvk_costs, vvk_cost_desc);

/* What has been called since the last look */
static void vvk_expect_cost(struct kunit *test, const char *what,
			    unsigned int stock)
{
	const struct vvk_cost *t = test->param_value;
	unsigned int ours = vom_dma.calls;

	KUNIT_EXPECT_LE_MSG(test, ours, stock, "%s", what);
	pr_info("cache maintenance: %s, %s: stock %u, ours %u\n", t->p.name,
		what, stock, ours);
	vom_dma.calls = 0;
}

static void vvk_no_dearer_than_stock(struct kunit *test)
{
	const struct vvk_cost *t = test->param_value;
	const struct vb2_mem_ops *ops = vvk_memops[t->p.memops];
	struct vma_owner_mock *m;
	struct vvk_test *v = test->priv;

	vom_dma.calls = 0;
	m = vvk_memory(test, &t->p, t->dir);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v->buf);
	KUNIT_EXPECT_EQ(test, ops->prepare(v->buf), 0);
	vvk_expect_cost(test, "QBUF of a new address", t->qbuf);
	KUNIT_EXPECT_EQ(test, ops->finish(v->buf), 0);
	vvk_expect_cost(test, "DQBUF", t->dqbuf);
	KUNIT_EXPECT_EQ(test, ops->prepare(v->buf), 0);
	vvk_expect_cost(test, "QBUF of the same address", t->qbuf);
	KUNIT_EXPECT_EQ(test, ops->finish(v->buf), 0);
	vvk_expect_cost(test, "DQBUF again", t->dqbuf);
	ops->put_userptr(v->buf);
	vvk_expect_cost(test, "release", t->release);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* The DMA API has no table of the buffer: user space is told, and not the log */
static void vvk_cannot_export(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "exporter");
	const struct vb2_mem_ops *ops = vvk_memops[VVK_CONTIG];
	struct vvk_test *t = test->priv;

	vom_dma_need(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev,
							      DMA_BIT_MASK(64)));
	t->q.dma_dir = DMA_BIDIRECTIONAL;
	t->buf = ops->alloc(&t->vb, dev, VOM_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->buf);
	vom_dma_set_ops(dev);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_NULL(test, ops->get_dmabuf(&t->vb, t->buf, O_RDWR));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	set_dma_ops(dev, NULL);
	ops->put(t->buf);
}

static struct kunit_case vvk_cases[] = {
	KUNIT_CASE_PARAM(vvk_captures, vvk_gen_params),
	KUNIT_CASE_PARAM(vvk_plays, vvk_gen_params),
	KUNIT_CASE_PARAM(vvk_stops, vvk_gen_params),
	KUNIT_CASE_PARAM(vvk_leaves_the_rest, vvk_gen_params),
	KUNIT_CASE(vvk_refuses_luck),
	KUNIT_CASE_PARAM(vvk_brackets, vvk_vmalloc_gen_params),
	KUNIT_CASE_PARAM(vvk_reads, vvk_vmalloc_gen_params),
	KUNIT_CASE_PARAM(vvk_syncs_importers, vvk_export_gen_params),
	KUNIT_CASE(vvk_leaves_uncached_alone),
	KUNIT_CASE_PARAM(vvk_uncached_is_not_bounced, vvk_bounce_gen_params),
	KUNIT_CASE_PARAM(vvk_no_dearer_than_stock, vvk_cost_gen_params),
	KUNIT_CASE(vvk_cannot_export),
	{}
};

static struct kunit_suite vvk_suite = {
	.name		= "vma_owner_videobuf2",
	.init		= vvk_init,
	.exit		= vvk_exit,
	.test_cases	= vvk_cases,
};

kunit_test_suite(vvk_suite);

MODULE_DESCRIPTION("KUnit tests of videobuf2's userptrs and of what it exports");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_IMPORT_NS("DMA_BUF");
