/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit of 7.3 offers and that of 5.10 does not, and what else
 * the tests of VMA owners use that 5.10 names otherwise.
 */
#ifndef _KUNIT_DEVICE_H
#define _KUNIT_DEVICE_H

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>

#define KUNIT_EXPECT_NULL(test, p)	KUNIT_EXPECT_TRUE(test, !(p))
#define KUNIT_EXPECT_NOT_NULL(test, p)	KUNIT_EXPECT_FALSE(test, !(p))
#define KUNIT_ASSERT_NOT_NULL(test, p)	KUNIT_ASSERT_FALSE(test, !(p))
#define KUNIT_EXPECT_NULL_MSG(test, p, fmt, ...) \
	KUNIT_EXPECT_TRUE_MSG(test, !(p), fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, p, fmt, ...) \
	KUNIT_EXPECT_FALSE_MSG(test, !(p), fmt, ##__VA_ARGS__)

/* No attributes of cases */
#define KUNIT_CASE_SLOW(name)	KUNIT_CASE(name)

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

/* Runs the statement after it; see report_bug() */
#define kunit_warning_suppress(test)					\
	for (kunit_warning_count = 0, kunit_warning_task = current;	\
	     kunit_warning_task; kunit_warning_task = NULL)

/* Of that statement so far */
#define KUNIT_SUPPRESSED_WARNING_COUNT()	kunit_warning_count
#define KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, expected)		\
	KUNIT_EXPECT_EQ(test, kunit_warning_count, (unsigned int)(expected))

static inline int kunit_root_device_init(struct kunit_resource *res, void *name)
{
	res->data = root_device_register(name);
	return PTR_ERR_OR_ZERO(res->data);
}

static inline void kunit_root_device_free(struct kunit_resource *res)
{
	root_device_unregister(res->data);
}

/* A device that is unregistered when the test is over */
static inline struct device *kunit_device_register(struct kunit *test,
						   const char *name)
{
	return kunit_alloc_resource(test, kunit_root_device_init,
				    kunit_root_device_free, GFP_KERNEL,
				    (void *)name);
}

struct kunit_action {
	void (*func)(void *data);
	void *data;
};

static inline int kunit_action_init(struct kunit_resource *res, void *action)
{
	res->data = kmemdup(action, sizeof(struct kunit_action), GFP_KERNEL);
	return res->data ? 0 : -ENOMEM;
}

static inline void kunit_action_free(struct kunit_resource *res)
{
	struct kunit_action *action = res->data;

	action->func(action->data);
	kfree(action);
}

/* Calls @func when the test is over, or now if there is no memory to note it */
static inline int kunit_add_action_or_reset(struct kunit *test,
					    void (*func)(void *data),
					    void *data)
{
	struct kunit_action action = { .func = func, .data = data };

	if (kunit_alloc_resource(test, kunit_action_init, kunit_action_free,
				 GFP_KERNEL, &action))
		return 0;
	func(data);
	return -ENOMEM;
}

/* An address space, which dies with the thread of the test */
static inline int kunit_attach_mm(void)
{
	struct mm_struct *mm;

	if (current->mm)
		return 0;
	mm = mm_alloc();
	if (!mm)
		return -ENOMEM;
	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	kthread_use_mm(mm);
	return 0;
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
#define dma_buf_attach_revocable(a)	dma_buf_attachment_is_dynamic(a)
#define timer_shutdown_sync(t)		del_timer_sync(t)
#define timer_destroy_on_stack(t)	destroy_timer_on_stack(t)
#define vm_flags_clear(vma, flags)	((vma)->vm_flags &= ~(flags))

#endif
