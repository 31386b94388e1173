"""What a delivery costs, how fast it is, what hurts it and what does not: the fleet measured from outside.

Real service processes, a real broker and receivers in processes of their own, as a user would run them; nothing is
asked of a service but its readiness. CPU is the kernel's account of a process, arrivals are the receivers' own stamps,
and every figure stands beside what was lost and what came twice, because a fast fleet that loses is not fast.

`core` is arithmetic, `floor` the bare loops that a delivery cannot do without, `scenarios` one module a question,
`plots` one module a picture.
"""
