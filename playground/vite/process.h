/* SPDX-License-Identifier: MIT */
/* What the kernel side tells the agent, and the agent the page. */

enum process_change { STARTED, ENDED };

/* A process that began to run a program, or ended. */
struct process_event {
	enum process_change change;
	__u32 pid;
	__u32 parent_pid;
	__s32 exit_code;
	/* us from start to end, 0 when the start was not seen. */
	__u32 lifetime;
	char comm[16];
	char parent[16];
};
