/// Clean up in a thread of its own, after that of the case.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 6.1: KUnit cleans up in the thread of the case, while the address space of that
// thread still maps what the case mapped.
/// Expect: 4
// <smpl>
@@
@@
+struct task_struct *kunit_warning_task;
+unsigned int kunit_warning_count;
+
 static void kunit_print_test_stats(struct kunit *test,
				    struct kunit_result_stats stats)
 { ... }

@@
@@
 static void kunit_try_run_case(void *data)
 {
	...
-	kunit_run_case_cleanup(test, suite);
 }

@@
@@
 static void kunit_catch_run_case(void *data)
 {
	...
-	struct kunit_suite *suite = ctx->suite;
	...
-	kunit_run_case_cleanup(test, suite);
 }
// </smpl>
