/// Room for a parameter of a case, and for the task whose warnings are wanted.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: KUnit has neither.
// Options: --smpl-spacing --max-width 100
/// Expect: 3
// <smpl>
@@
@@
 struct kunit_resource;
+struct kunit;
+
+/* Room for the name of a value of a parameter */
+#define KUNIT_PARAM_DESC_SIZE	128
+
+/* The task whose warnings a test provokes, if any */
+extern struct task_struct *kunit_warning_task;
+extern unsigned int kunit_warning_count;

@@
@@
 struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
+	/** @generate_params: the value after @prev, NULL at the end */
+	const void *(*generate_params)(struct kunit *test, const void *prev, char *desc);
 ...
 };

@@
@@
 struct kunit {
	void *priv;
+	/** @param_value: value of the parameter of this run */
+	const void *param_value;
+	/** @skipped: why this run was cut short */
+	const char *skipped;
 ...
 };
// </smpl>
