"""Hookfleet beside what a user would pick instead, in one run, on one machine, in front of one receiver.

Two roads are compared, because the two kinds of program that deliver webhooks begin at different places.

*Kafka topic → HTTP.* A compiled sink (Bento) reads a topic and posts each value; Hookfleet's dispatcher reads
``system-events``. The events wait on the topic before either begins. What is **not** equal: the sink decides nothing.
It does not match an event against rules, signs nothing, resolves no configuration, writes down no attempt and
publishes no outcome; a failed request is tried again from memory a few times, and what fails then holds up the
partition or is dropped, as configured. For each event the dispatcher writes a match record and a run, which makes one
more trip through Kafka, signs, posts, and has the attempt and its outcome acknowledged before it commits. The sink is
therefore the floor of this job in a compiled language, not a peer in what it promises.

*HTTP API → HTTP.* A webhook server (Convoy) takes events at its API and delivers them to a subscribed endpoint;
Hookfleet takes them at ``POST /v1/events``. Both match by type, sign with HMAC-SHA256, write down each attempt with
its HTTP exchange and retry durably. What is **not** equal, and in whose favour:

- Convoy answers when the event stands in Redis, before PostgreSQL has it, and Redis keeps nothing on disk here.
  Hookfleet answers when the broker has acknowledged. Neither broker nor PostgreSQL forces pages to disk (``fsync =
  off``), so that both survive a killed process and neither a power cut: in Convoy's favour, whose database would by
  default.
- Convoy's API takes one event a request, Hookfleet's takes a batch. Each is fed in the form it has.
- Convoy's rate limits and its Redis cache are off (in its favour); its worker runs inside the server process.
- Hookfleet's part that records (SQLite here) and its part that counts failures run in the same minutes; their CPU is
  told beside, like PostgreSQL and Redis for Convoy and like the broker for everybody.

Everybody posts to one address on the loopback interface, without TLS, that answers at once. CPU is that of whole
processes, user and system, over the events that arrived; starting up is not counted, a warm-up precedes. The machine
is shared by all of it, broker and receiver included, so deliveries a second say how much of the machine each needs and
not what each could reach alone.
"""
