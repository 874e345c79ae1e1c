"""Signal `hard`: the words ask for work that takes long thought or a specialist: a proof, a design, a diagnosis, a refactoring.

Neither length nor code makes a request hard, and a greeting with "step by step" in it is not. One strong word decides, or three
different weak ones; weak words alone are what easy questions are made of too. It is no prediction: a router that has learnt
knows better, and this is for rules, and for `earlier_hard`, which must tell a hard plan from small talk before anything was
learnt.
"""

from typing import Final

from triplepoint.routing.signals.words import Words, holds_mark, holds_phrase, listed, marks, phrases

_STRONG: Final = listed("""
    prove proof proofs disprove theorem theorems lemma corollary counterexample axiom rigorous rigorously derive derivation
    isomorphic isomorphism homomorphism topology topological manifold eigenvalue eigenvalues eigenvector hamiltonian lagrangian
    stochastic markov bayesian asymptotic combinatorial
    refactor refactoring rearchitect architect microservices microservice distributed scalability
    concurrency deadlock deadlocks mutex paxos sharding idempotent idempotency
    failover vulnerability vulnerabilities cryptographic
    optimisation optimization profiling bottleneck bottlenecks throughput multithreaded vectorise vectorize
    offs tradeoff tradeoffs postmortem
    enantiomer enantiomers stereochemistry stereoisomer stereoisomers nmr spectroscopy nucleophilic electrophilic sn1 sn2
    thermodynamics thermodynamic enthalpy stoichiometry titration reagent reagents
    quantum relativistic wavefunction schrödinger perturbation fermion boson
    pathophysiology pathogenesis prognosis pharmacokinetics contraindicated contraindications etiology
    phosphorylation genotype phenotype homozygous heterozygous crispr
    estoppel fiduciary plaintiff tort injunction promissory rescission
    econometric heteroskedasticity
    beweise beweisen beweis beweist entwirf entwerfe architektur nebenläufigkeit migriere optimiere herleitung diagnose
    démontre démontrer démonstration prouver prouvez conçois concevoir optimiser diagnostic
    demuestra demostrar demuestre demostración diseña diseñar arquitectura optimiza diagnóstico
    demonstre demonstrar projete arquitetura otimize dimostra dimostrare dimostrazione progetta architettura ottimizza
    bewijs bewijzen ontwerp architectuur udowodnij zaprojektuj kanıtla kanıtlayın ispatla tasarla buktikan rancanglah
    докажи докажите доказать доказательство спроектируй спроектируйте архитектуру оптимизируй рефакторинг диагноз
    доведи доведіть спроєктуй أثبت برهن صمّم صمم تشخيص सिद्ध साबित
""")
_WEAK: Final = listed("""
    analyse analyze analysis evaluate assess critique design plan strategy implement integrate implications mechanism
    constraints requirements performance security reliability edge cases production system pipeline schema protocol algorithm
    reasoning hypothesis consistency latency packet loss bandwidth cluster replication cache queue transaction transactions
    liability architecture migrate migration optimise optimize rollout concurrent consensus exploit equilibrium entropy
    oxidation transcription diagnosis differential jurisdiction defendant negligence statute elasticity arbitrage spectrum
    breach contract remedies symptoms presents patient dose treatment compound reaction catalyst synthesis molecule derivative
    integral matrix probability puzzle deduce argument essay dataset regression correlation outliers analysiere bewerte entwurf
    anforderungen leistung sicherheit system analyser évaluer conception exigences système analiza evalúa requisitos
    rendimiento sistema analise avalie desempenho проанализируй проанализируйте оцени система требования производительность
""")
_MARKS: Final = marks("""
    证明 證明 推导 推導 架构 架構 重构 重構 设计一个 設計一個 设计并实现 优化算法 分布式 分散式 并发 死锁 诊断 鉴别 微服务
    迁移方案 証明 設計して アーキテクチャ リファクタリング 導出 最適化 分散システム 診断 증명 설계 아키텍처 리팩토링 리팩터링
    최적화 분산 진단 พิสูจน์ ออกแบบระบบ
""")
_PHRASES: Final = phrases("root cause | race condition | threat model | edge cases | chứng minh | thiết kế hệ thống")
_WEAK_NEEDED: Final = 3

WORDS: Final = _STRONG | _WEAK | _PHRASES.keys()


def is_hard(words: Words) -> bool:
    """Tell whether one text asks for hard work."""
    found = words.found
    return (
        not found.isdisjoint(_STRONG)
        or len(found & _WEAK) >= _WEAK_NEEDED
        or holds_phrase(words, _PHRASES)
        or holds_mark(words, _MARKS)
    )
