/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit of 7.3 offers and those of 6.1 and 5.10 do not, and what else
 * the tests of VMA owners use that both name otherwise.
 */
#ifndef _KUNIT_DEVICE_H
#define _KUNIT_DEVICE_H

#include <kunit/older.h>
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>

/* No attributes of cases */
#define KUNIT_CASE_SLOW(name)	KUNIT_CASE(name)
#define KUNIT_CASE_PARAM_ATTR(name, gen_params, attributes)	\
	KUNIT_CASE_PARAM(name, gen_params)

/* Runs the statement after it; see report_bug() */
#define kunit_warning_suppress(test)					\
	for (kunit_warning_count = 0, kunit_warning_task = current;	\
	     kunit_warning_task; kunit_warning_task = NULL)

/* Of that statement so far */
#define KUNIT_SUPPRESSED_WARNING_COUNT()	kunit_warning_count
#define KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, expected)		\
	KUNIT_EXPECT_EQ(test, kunit_warning_count, (unsigned int)(expected))

/* A call when the test is over */
struct kunit_action {
	void	(*func)(void *data);
	void	*data;
};

static inline int kunit_action_init(struct kunit_resource *res, void *context)
{
	res->data = kmemdup(context, sizeof(struct kunit_action), GFP_KERNEL);
	return res->data ? 0 : -ENOMEM;
}

static inline void kunit_action_run(struct kunit_resource *res)
{
	struct kunit_action *action = res->data;

	action->func(action->data);
	kfree(action);
}

static inline int kunit_add_action_or_reset(struct kunit *test,
					    void (*func)(void *data),
					    void *data)
{
	struct kunit_action action = { .func = func, .data = data };

	if (kunit_alloc_resource(test, kunit_action_init, kunit_action_run,
				 GFP_KERNEL, &action))
		return 0;
	func(data);
	return -ENOMEM;
}

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

/* Other names */
#define dma_buf_attach_revocable(a)	dma_buf_attachment_is_dynamic(a)
#define timer_destroy_on_stack(t)	destroy_timer_on_stack(t)
#define vm_flags_clear(vma, flags)	((vma)->vm_flags &= ~(flags))

#endif
