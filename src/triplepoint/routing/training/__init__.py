"""Training of a scorer, offline: from prompts and what each model scored on them to one file.

`features` turns prompts into a sparse matrix by the same reading as on the request's path; `ridge` fits weights that are held
near nothing unless the data insist; `shrinkage` keeps the means of small groups near that of all; `knots` corrects sums into
the probabilities that were measured; `fit` joins them, `assess` measures the result on prompts that it had not seen, and
`service` makes the file with its card. `newcomer` adds a model to a scorer from few labels.

What decides is plain: everything is linear in the terms, so the table that serves *is* the model that was fitted, and nothing
is lost between them. Needs ``pip install 'triplepoint[route]'``; nothing on a request's path imports it.
"""
