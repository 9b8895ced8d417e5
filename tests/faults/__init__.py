"""Boxes that are killed, and disks that are full, with clients who notice nothing.

What else goes wrong in the world is tried where the part at fault is:

========================================  ==================================================
a child that stands still (SIGSTOP)       media/test_watchdog: STALLED
a child that ignores SIGTERM              media/test_children, media/test_failures: gone in 5 s
a child that forks, both ignore SIGTERM   media/test_children: gone in 5 s, too
a child that is slow but alive            media/test_watchdog: goes on
a clock that jumps by a day               media/test_clock_jumps, integration/test_clock_jumps
a child that outlives its box             media/test_restarts, and every kill here
a receiver that never answers             integration/test_webhook_sending: 15 s, others go on
a server that sends a byte now and then   integration/test_downloads: inputs.total_seconds
a server that falls silent                integration/test_downloads: inputs.stall_seconds
a Content-Length that is too large        integration/test_downloads: broke off
a Content-Length that is too small        integration/test_downloads: no more is read
a Content-Length that is not there        integration/test_downloads: read to its end, bounded
any of it in any order                    property/test_queue_machine
a client that is slow to send or to take  security/test_slow_clients
a database that cannot write              integration/test_trouble, integration/test_keeper
========================================  ==================================================
"""
