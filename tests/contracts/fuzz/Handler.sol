// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HoldersActs} from "./Holders.sol";
import {OriginActs} from "./Origin.sol";

/// @title Every act by every role, at random
contract Handler is OriginActs, HoldersActs {
    /// @dev What is listed twice is called twice as often.
    function acts() external pure returns (bytes4[] memory list) {
        bytes4[36] memory all = [
            this.transfer.selector,
            this.transferBatch.selector,
            this.transferBatch.selector,
            this.approve.selector,
            this.transferForAnother.selector,
            this.transferByOrder.selector,
            this.lock.selector,
            this.lock.selector,
            this.releaseLock.selector,
            this.deliverLock.selector,
            this.retireLocked.selector,
            this.retire.selector,
            this.retireByOrder.selector,
            this.correctRetirement.selector,
            this.proposeCancellation.selector,
            this.confirmCancellation.selector,
            this.freezeAccount.selector,
            this.freezeCredit.selector,
            this.pauseOrUnpause.selector,
            this.changeStanding.selector,
            this.appointOperator.selector,
            this.enrol.selector,
            this.setPurpose.selector,
            this.wait_.selector,
            this.submitReport.selector,
            this.submitReport.selector,
            this.verifyReport.selector,
            this.withdrawReport.selector,
            this.proposeIssuance.selector,
            this.objectToIssuance.selector,
            this.answerObjection.selector,
            this.confirmIssuance.selector,
            this.returnIssuance.selector,
            this.suspendOrResumeProject.selector,
            this.advanceProject.selector,
            this.advanceMethodology.selector
        ];
        list = new bytes4[](all.length + 1);
        for (uint256 i = 0; i < all.length; ++i) {
            list[i] = all[i];
        }
        list[all.length] = this.setNoticeLength.selector;
    }
}
