/** What GraphiQL shows at first: one whole round through a session, to be run step by step. */
export const EXAMPLE_QUERY = `# Choose who you are at the top right,
# then run these one after the other.

mutation Create {
  createWizardSession(
    input: {
      wizardSession: {
        stage: 1
        state: { basics: { title: "Summer party" } }
      }
    }
  ) {
    wizardSession { id stage status state revision lastSavedAt }
  }
}

# Variables (below): { "id": "the id from above" }
# The revision is the one that you last read;
# run it twice to see a save refused.
mutation Save($id: UUID!) {
  updateWizardSession(
    input: {
      id: $id
      patch: {
        revision: 0
        stage: 2
        state: {
          basics: { title: "Summer party", category: "music" }
        }
      }
    }
  ) {
    wizardSession { id stage state revision lastSavedAt }
  }
}

query Resume {
  wizardSessions(
    condition: { status: IN_PROGRESS }
    orderBy: LAST_SAVED_AT_DESC
    first: 1
  ) {
    nodes { id stage state revision lastSavedAt }
  }
}

query HowFar {
  wizardSessions {
    totalCount
    groupedAggregates(groupBy: [STAGE]) {
      keys
      distinctCount { id }
    }
  }
}
`;
