"""A learnt check: how likely is it that a cheap answer is good, by what can be counted in question and answer?

`features` counts: how the answer works (its equations, which numbers it uses), what it comes to, how it is worded, and
what the question asks for. `fit` trains on answers whose scores are known, with scikit-learn, offline; `heads` says
what was learnt::

    verifier = fit_verifier(questions, answers, good, seed=1)
    verifier.expect(["How many are 3 and 4?"], ["3 + 4 = 8"])     # [0.11]

Measured on 910 questions of GSM8K with the weak model's answers, five folds (`triplepoint route evaluate
--after-answer`); small samples want small heads: adding 384 embedding dimensions to these features made them worse.
"""
