"""The words of the register: each Chinese term, its English one, its name in code and data, and what it means here.

Flow: the scheme's glossary → `TERMS` → the glossary page. Meanings are message ids; terms stand in both languages as they are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from api.site.language import N_


class Term(NamedTuple):
    """One term; `meaning` is an English sentence and message id, or empty."""

    zh: str
    en: str
    code: str
    meaning: str = ""


TERMS: Final = (
    Term("碳普惠", "carbon inclusion (tanpuhui)", "carbon_inclusion"),
    Term(
        "碳普惠减排量",
        "carbon-inclusion emission reduction",
        "reduction",
        N_("An amount reduced, before it is issued."),
    ),
    Term(
        "核证减排量",
        "certified emission reduction",
        "credit",
        N_("An amount issued into the registry; one credit is one issuance of one project and one vintage."),
    ),
    Term(
        "方法学 / 版本",
        "methodology / version",
        "methodology",
        N_("The filed rule by which reductions of a kind are calculated."),
    ),
    Term(
        "申报 / 论证评估",
        "application / appraisal",
        "appraisal",
        N_(
            "Experts score a methodology and give an opinion; an expert gives one opinion and none on work of its own member."
        ),
    ),
    Term("备案", "filing", "filed", N_("Record-keeping with the competent authority; it is no approval.")),
    Term(
        "签发",
        "issuance",
        "issuance",
        N_(
            "The operator proposes, the public notice runs, the competent authority confirms: then the credit exists."
        ),
    ),
    Term("登记", "registration", "registered", N_("A project's or a reduction's entry in the registry.")),
    Term(
        "审定 / 核查 / 核证",
        "validation / verification / certification",
        "verify",
        N_(
            "Validation judges a design, verification judges a result, certification states it; they are kept apart."
        ),
    ),
    Term("项目设计文件", "project design document", "document_hash"),
    Term("监测报告 / 核查报告", "monitoring report / verification report", "report"),
    Term("计入期 / 监测期", "crediting period / monitoring period", "crediting_start"),
    Term("年份", "vintage", "vintage", N_("The year in which the reduction happened.")),
    Term("批次", "batch", "token_id", N_("The token of one credit on the chain.")),
    Term("减排项目 / 低碳场景", "reduction project / low-carbon scenario", "project"),
    Term("基准线 / 额外性 / 泄漏", "baseline / additionality / leakage", "baseline"),
    Term(
        "注册登记账户",
        "registry account",
        "account",
        N_("A key of exactly one member. Natural persons have no account here."),
    ),
    Term("转让 / 过户", "transfer", "transfer"),
    Term(
        "注销",
        "retirement",
        "retire",
        N_(
            "Final use for a claim: the amount can never move again, and its serial numbers are taken for good."
        ),
    ),
    Term(
        "差错注销",
        "cancellation",
        "cancel",
        N_("Taking out for an error or a recall, by two members; it is never counted as an offset."),
    ),
    Term("抵销 / 抵消", "offset", "offset", N_("A purpose of a retirement.")),
    Term("消纳", "consumption", "consumption", N_("Every use on the side of demand.")),
    Term("清缴 / 履约", "surrender / compliance", "compliance"),
    Term(
        "冻结 / 解冻 / 锁定",
        "freeze / unfreeze / lock",
        "freeze",
        N_("A freeze is the authority's act in a case; a lock is the holder's own, for a case or an offer."),
    ),
    Term(
        "注销证明",
        "retirement certificate",
        "retirement_id",
        N_("The page of a retirement; its number is the retirement's own."),
    ),
    Term(
        "公示",
        "public notice",
        "notice_ends_at",
        N_("The time in which every member may object before an issuance is confirmed."),
    ),
    Term("生态环境损害赔偿", "eco-environmental damage compensation", "damage_compensation"),
    Term("替代修复", "substitute restoration", "substitute_restoration"),
    Term("管理运营机构", "operator", "operator"),
    Term("主管部门", "competent authority", "authority"),
    Term(
        "第三方机构",
        "third-party body",
        "verifier",
        N_("It verifies reports of projects that are not its own."),
    ),
    Term("专家库", "expert pool", "expert"),
    Term("项目业主", "project owner", "project_owner"),
    Term("信息披露", "disclosure", "disclosure"),
    Term("监督管理", "supervision", "supervision"),
    Term(
        "存证 / 上链",
        "evidence anchoring / put on chain",
        "anchor",
        N_("Only the hash of a document stands on the chain."),
    ),
    Term(
        "唯一性标识",
        "claim key",
        "claim_key",
        N_("The salted hash of a site or meter; each of its days can be claimed once, ever, by one project."),
    ),
    Term(
        "序列号",
        "serial number",
        "first_serial",
        N_("One number for each gram of a credit; retired numbers run from 1 without a gap."),
    ),
    Term(
        "记录哈希",
        "record hash",
        "record_hash",
        N_("The fingerprint of a retirement's record, kept on the chain."),
    ),
    Term("区块", "block", "block", N_("The step of the chain that a page speaks for.")),
)
