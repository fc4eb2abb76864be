/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit of 5.10 has otherwise than that of 6.1, and what else the tests
 * of VMA owners use that 5.10 names otherwise. kunit/device.h includes it.
 */
#ifndef _KUNIT_OLDER_H
#define _KUNIT_OLDER_H

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/timer.h>

#define KUNIT_EXPECT_NULL(test, p)	KUNIT_EXPECT_TRUE(test, !(p))
#define KUNIT_EXPECT_NOT_NULL(test, p)	KUNIT_EXPECT_FALSE(test, !(p))
#define KUNIT_ASSERT_NOT_NULL(test, p)	KUNIT_ASSERT_FALSE(test, !(p))
#define KUNIT_EXPECT_NULL_MSG(test, p, fmt, ...) \
	KUNIT_EXPECT_TRUE_MSG(test, !(p), fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, p, fmt, ...) \
	KUNIT_EXPECT_FALSE_MSG(test, !(p), fmt, ##__VA_ARGS__)

/* Only literal reasons */
#define kunit_skip(test, why) do {					\
	(test)->skipped = (why);					\
	kunit_try_catch_throw(&(test)->try_catch);			\
} while (0)

#define KUNIT_CASE_PARAM(test_name, gen) \
	{ .run_case = test_name, .name = #test_name, .generate_params = gen }

#define KUNIT_ARRAY_PARAM_DESC(name, array, member)			\
	static const void *name##_gen_params(struct kunit *test,	\
					     const void *prev, char *desc) \
	{								\
		const typeof((array)[0]) *next = prev;			\
									\
		next = next ? next + 1 : (array);			\
		if (next - (array) >= ARRAY_SIZE(array))		\
			return NULL;					\
		strscpy(desc, next->member, KUNIT_PARAM_DESC_SIZE);	\
		return next;						\
	}

/* A file on an inode, hence a page cache mapping, of its own */
static inline struct file *
anon_inode_create_getfile(const char *name, const struct file_operations *fops,
			  void *priv, int flags, const struct inode *unused)
{
	static const struct file_operations none;
	struct inode *inode;
	struct file *any, *file;

	any = anon_inode_getfile(name, &none, NULL, flags);
	if (IS_ERR(any))
		return any;
	inode = alloc_anon_inode(file_inode(any)->i_sb);
	file = ERR_CAST(inode);
	if (!IS_ERR(inode)) {
		file = alloc_file_pseudo(inode, any->f_path.mnt, name, flags,
					 fops);
		if (IS_ERR(file))
			iput(inode);
		else
			file->private_data = priv;
	}
	fput(any);
	return file;
}

/* A path is passed as its two halves */
#define file_open_root(path, name, flags, mode) \
	file_open_root((path)->dentry, (path)->mnt, name, flags, mode)

/* No folios: a head page is one */
struct folio {
	struct page	page;
};

static inline struct folio *page_folio(struct page *page)
{
	return container_of(compound_head(page), struct folio, page);
}

#define folio_get(f)			get_page(&(f)->page)
#define folio_put(f)			put_page(&(f)->page)
#define folio_maybe_dma_pinned(f)	page_maybe_dma_pinned(&(f)->page)
#define folio_test_dirty(f)		PageDirty(&(f)->page)
#define folio_test_clear_dirty(f)	TestClearPageDirty(&(f)->page)

/* Other names */
#define fault_in_readable(addr, len)	fault_in_pages_readable(addr, len)
#define timer_shutdown_sync(t)		del_timer_sync(t)

#endif
