// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of USERPTR buffers. Part of videobuf-dma-contig.c, whose functions
 * they call with a fake device, and memory of a mock owner.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <kunit/vma_owner.h>
#include <kunit/vma_owner_dma.h>
#include <kunit/vma_owner_users.h>

/* One test */
struct vdc_test {
	struct videobuf_queue	q;
	struct videobuf_buffer	*vb;
};

static int vdc_init(struct kunit *test)
{
	struct vdc_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->q.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	t->q.dev = kunit_device_register(test, "videobuf");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->q.dev);
	vom_dma_attach(t->q.dev);
	KUNIT_ASSERT_EQ(test, 0,
			dma_coerce_mask_and_coherent(t->q.dev,
						     DMA_BIT_MASK(64)));
	t->vb = __videobuf_alloc(sizeof(*t->vb));
	KUNIT_ASSERT_NOT_NULL(test, t->vb);
	t->vb->memory = V4L2_MEMORY_USERPTR;
	return kunit_attach_mm();
}

static void vdc_exit(struct kunit *test)
{
	struct vdc_test *t = test->priv;

	kfree(t->vb);
}

static int vdc_lock(struct kunit *test, unsigned long addr, unsigned long size)
{
	struct vdc_test *t = test->priv;

	t->vb->baddr = addr;
	t->vb->size = size;
	return __videobuf_iolock(&t->q, t->vb, NULL);
}

/* Held from iolock to free, whatever user space does meanwhile */
static void vdc_pins(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct vdc_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, vdc_lock(test, addr + p->offset, p->size), 0);
	KUNIT_EXPECT_EQ(test, videobuf_to_dma_contig(t->vb),
			vma_owner_mock_phys(m, p->offset));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, VOM_SIZE), 0);
	KUNIT_EXPECT_EQ(test, __videobuf_sync(&t->q, t->vb), 0);
	KUNIT_EXPECT_EQ(test, __videobuf_hand_over(&t->q, t->vb), 0);
	vma_owner_mock_clean(m);
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	videobuf_dma_contig_free(&t->q, t->vb);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_EQ(test, videobuf_to_dma_contig(t->vb), 0);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_dirty(m), vom_memory_dirty(p));
}

/* User space looks at a frame, and writes there, before it queues the next one */
static void vdc_hands_over_again(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct vdc_test *t = test->priv;
	dma_addr_t dma;
	u8 frame;

	vom_dma_watch(m);
	KUNIT_ASSERT_EQ(test, vdc_lock(test, addr + p->offset, p->size), 0);
	dma = videobuf_to_dma_contig(t->vb);
	for (frame = 1; frame < 4; frame++) {
		KUNIT_EXPECT_EQ(test, __videobuf_hand_over(&t->q, t->vb), 0);
		vom_device_write(test, dma, p->size, frame);
		KUNIT_EXPECT_EQ(test, __videobuf_sync(&t->q, t->vb), 0);
		vom_cpu_expect(m, p->offset, p->size, frame);
		vom_cpu_write(m, p->offset, p->size, 0x80 + frame);
	}
	videobuf_dma_contig_free(&t->q, t->vb);
	vom_cpu_expect(m, p->offset, p->size, 0x80 + frame - 1);
	KUNIT_EXPECT_TRUE(test, vom_dma_is_idle());
}

/* Queued again at its address, where something else is now, or nothing */
static void vdc_tells_what_is_stale(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct vdc_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, vdc_lock(test, addr + p->offset, p->size), 0);
	KUNIT_EXPECT_FALSE(test, __videobuf_stale(&t->q, t->vb));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, VOM_SIZE), 0);
	/* Ordinary memory is not told by its address: as it always was */
	KUNIT_EXPECT_EQ(test, __videobuf_stale(&t->q, t->vb),
			!(p->what & VOM_ORDINARY));
	videobuf_dma_contig_free(&t->q, t->vb);
	KUNIT_EXPECT_FALSE(test, __videobuf_stale(&t->q, t->vb));
}

/* A driver may fail after iolock, and try again */
static void vdc_pins_once(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct vdc_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, vdc_lock(test, addr, VOM_SIZE), 0);
	KUNIT_ASSERT_EQ(test, vdc_lock(test, addr, VOM_SIZE), 0);
	videobuf_dma_contig_free(&t->q, t->vb);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static const struct vom_refusal vdc_scattered[] = {
	{ "owned", VOM_SCATTERED, VOM_RW, .ret = -EFAULT },
	{ "ordinary", VOM_SCATTERED | VOM_ORDINARY, VOM_RW, .ret = -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(vdc_scattered, vdc_scattered, name);

static int vdc_pin(struct kunit *test, unsigned long addr, unsigned long size)
{
	struct vdc_test *t = test->priv;
	int ret = vdc_lock(test, addr, size);

	if (!ret)
		videobuf_dma_contig_free(&t->q, t->vb);
	return ret;
}

/* There is nothing to free, which drivers do all the same */
static void vdc_refuses(struct kunit *test)
{
	struct vdc_test *t = test->priv;

	vom_test_refuses(test, test->param_value, vdc_pin);
	videobuf_dma_contig_free(&t->q, t->vb);
}

static void vdc_refuses_scattered(struct kunit *test)
{
	vdc_refuses(test);
}

static void vdc_does_not_force(struct kunit *test)
{
	vom_test_does_not_force(test, vdc_pin);
}

static void vdc_refuses_revoked(struct kunit *test)
{
	vom_test_refuses_revoked(test, vdc_pin);
}

static struct kunit_case vdc_cases[] = {
	KUNIT_CASE_PARAM(vdc_pins, vom_memory_gen_params),
	KUNIT_CASE_PARAM(vdc_hands_over_again, vom_memory_gen_params),
	KUNIT_CASE_PARAM(vdc_tells_what_is_stale, vom_memory_gen_params),
	KUNIT_CASE(vdc_pins_once),
	KUNIT_CASE_PARAM(vdc_refuses, vom_refusal_gen_params),
	KUNIT_CASE_PARAM(vdc_refuses_scattered, vdc_scattered_gen_params),
	KUNIT_CASE(vdc_does_not_force),
	KUNIT_CASE(vdc_refuses_revoked),
	{}
};

static struct kunit_suite vdc_suite = {
	.name		= "vma_owner_videobuf",
	.init		= vdc_init,
	.exit		= vdc_exit,
	.test_cases	= vdc_cases,
};

kunit_test_suite(vdc_suite);
