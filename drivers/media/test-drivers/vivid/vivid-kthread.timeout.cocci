/// A thread that is preempted before it waits has no time left to wait.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
@@
 wait_event_interruptible_timeout(wait, kthread_should_stop(),
-				  cur_jiffies + wait_jiffies - jiffies)
+				  max_t(long, cur_jiffies + wait_jiffies - jiffies, 0))
// </smpl>
