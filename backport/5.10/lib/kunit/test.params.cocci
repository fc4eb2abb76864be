/// Make room for a runner of cases that knows parameters and cleans up by itself.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: KUnit has no parameters, and cleans up in the thread of the case, while
// the address space of that thread still maps what the case mapped.
/// Expect: 4
// <smpl>
@@
@@
+struct task_struct *kunit_warning_task;
+unsigned int kunit_warning_count;
+
 static void kunit_print_subtest_start(struct kunit_suite *suite)
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

@@
@@
-static void kunit_run_case_catch_errors(struct kunit_suite *suite,
-					struct kunit_case *test_case)
-{
-...
-}
// </smpl>
