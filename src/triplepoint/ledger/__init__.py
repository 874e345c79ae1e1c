"""What happened, to the last digit: the journal, the receipts and the ledger.

Each attempt at an upstream leaves two records in the journal, an append-only file that is written with one ``write`` each:
*opened* before the attempt is sent, *closed* before its answer is finished. Whatever kills the process, an attempt that an
upstream may have seen has an opened record. The drain moves records into the ledger (SQL), by attempt and at most once; an
opened record whose process is gone without a closed one becomes *interrupted*, and costs its estimated input.

In the gateway, where the journal belongs to the event loop and opening it is owning the data folder::

    with Journal(data, boot=new_id("boot"), settings=settings.journal) as journal:
        journal.write(opened)  # raises where it cannot be kept: then nothing is sent
        ...
        journal.write(closed)

In the control plane, beside it or after it, and then anywhere::

    Drainer(data, store).start()
    store.receipt(receipt_id)
"""
