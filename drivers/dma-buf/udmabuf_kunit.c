// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of udmabuf with importers that are not coherent. Included by
 * udmabuf.c: what both ioctls call is called here, with a memfd of the test's own.
 */
#include <kunit/test.h>
#include <kunit/vma_owner_dma_buf.h>
#include <linux/fdtable.h>
#include <linux/file.h>

static struct file *udmabuf_test_memfd(struct kunit *test)
{
	struct file *file = shmem_file_setup("udmabuf_kunit", VOM_SIZE,
					     mk_vma_flags(VMA_NORESERVE_BIT));

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	SHMEM_I(file_inode(file))->seals = F_SEAL_SHRINK;
	return file;
}

/* A fd that is closed in the same function is seen by nobody */
static struct dma_buf *udmabuf_test_create(struct kunit *test)
{
	struct udmabuf_create_item item = { .size = VOM_SIZE };
	struct udmabuf_create_list head = {
		.flags = UDMABUF_FLAGS_CLOEXEC, .count = 1,
	};
	struct file *file = udmabuf_test_memfd(test);
	int memfd = get_unused_fd_flags(O_CLOEXEC);
	struct dma_buf *dmabuf;
	long fd;

	KUNIT_ASSERT_GE(test, memfd, 0);
	fd_install(memfd, file);
	item.memfd = memfd;
	fd = udmabuf_create(&head, &item);
	close_fd(memfd);
	KUNIT_ASSERT_GE(test, fd, 0);
	dmabuf = dma_buf_get(fd);
	close_fd(fd);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	return dmabuf;
}

struct udmabuf_param {
	const char	*name;
	void		(*run)(struct vom_importers *im);
};

static const struct udmabuf_param udmabuf_params[] = {
	{ "capture", vom_importers_capture },
	{ "play", vom_importers_play },
	{ "convert", vom_importers_convert },
	{ "both ways", vom_importers_both_ways },
	{ "come and go", vom_importers_come_and_go },
};

KUNIT_ARRAY_PARAM_DESC(udmabuf, udmabuf_params, name);

static void udmabuf_syncs_importers(struct kunit *test)
{
	struct vom_importers *im = kunit_kzalloc(test, sizeof(*im), GFP_KERNEL);
	const struct udmabuf_param *p = test->param_value;
	struct dma_buf *dmabuf;

	vom_dma_need(test);
	KUNIT_ASSERT_NOT_NULL(test, im);
	dmabuf = udmabuf_test_create(test);
	vom_import(test, dmabuf, im);
	p->run(im);
	vom_import_end(im);
	dma_buf_put(dmabuf);
}

static struct kunit_case udmabuf_test_cases[] = {
	KUNIT_CASE_PARAM(udmabuf_syncs_importers, udmabuf_gen_params),
	{}
};

static struct kunit_suite udmabuf_test_suite = {
	.name		= "vma_owner_udmabuf",
	.test_cases	= udmabuf_test_cases,
};

kunit_test_suite(udmabuf_test_suite);
