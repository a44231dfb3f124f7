/** The operations that GraphiQL shows when it is first opened: create, save, resume, and an aggregate. */
export const EXAMPLE_QUERY = `# Choose a user at the top right,
# then run these operations in order.

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

# Variables: { "id": "the id from Create" }
# "revision" is the one that you last read:
# run this twice to get a conflict.
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

query Stages {
  wizardSessions {
    totalCount
    groupedAggregates(groupBy: [STAGE]) {
      keys
      distinctCount { id }
    }
  }
}
`;
