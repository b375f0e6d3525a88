// SPDX-License-Identifier: GPL-2.0
/*
 * What the loop around the operations needs, whichever language they are in.
 */

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>

#include "bench.h"

/* The architected counter. With a gigahertz, and a nanosecond an instruction, it counts those. */
u64 bench_clock(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

void bench_sort(u64 *samples, size_t count)
{
	sort(samples, count, sizeof(*samples), compare, NULL);
}

/* The page of memory in the linear map. */
struct page *bench_page(const void *addr)
{
	return virt_to_page(addr);
}

/* Without the region, which who drives the device from Rust asks for. */
void __iomem *bench_registers(struct pci_dev *pdev)
{
	return pci_iomap(pdev, 0, 0);
}

void bench_registers_gone(struct pci_dev *pdev, void __iomem *regs)
{
	pci_iounmap(pdev, regs);
}

/* The identification of edu: the device ignores what is written there, and QEMU's trace has it. */
void bench_mark(void __iomem *regs, u32 number)
{
	writel(number, regs);
}

struct crew {
	int (*work)(void *data);
	void *data;
	/* Until all of them have begun, and are done. */
	atomic_t left;
	struct completion done;
};

static int crew_member(void *data)
{
	struct crew *crew = data;
	int err = crew->work(crew->data);

	if (atomic_dec_and_test(&crew->left))
		complete(&crew->done);
	return err;
}

/*
 * Calls @work in @count threads, each on a processor of its own, and tells how many nanoseconds
 * passed until the last of them was done.
 */
int bench_threads(unsigned int count, int (*work)(void *data), void *data, u64 *ns)
{
	struct crew crew = { .work = work, .data = data, .left = ATOMIC_INIT(count) };
	struct task_struct **tasks;
	unsigned int made;
	int err = 0;
	u64 start;

	if (!count || count > num_online_cpus())
		return -EINVAL;

	tasks = kcalloc(count, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	init_completion(&crew.done);

	for (made = 0; made < count; made++) {
		struct task_struct *task;

		task = kthread_create_on_cpu(crew_member, &crew, made, "bench/%u");
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			break;
		}
		tasks[made] = get_task_struct(task);
	}

	start = ktime_get_ns();
	if (!err) {
		for (unsigned int i = 0; i < count; i++)
			wake_up_process(tasks[i]);
		wait_for_completion(&crew.done);
	}
	*ns = ktime_get_ns() - start;

	/* Waits for their end, and what has not begun never does. */
	while (made--) {
		int status = kthread_stop_put(tasks[made]);

		if (!err)
			err = status;
	}
	kfree(tasks);
	return err;
}
